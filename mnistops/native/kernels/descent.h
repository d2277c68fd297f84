// Gradient descent with momentum, as torch.optim.SGD does it.
#pragma once

#include <cstdint>

struct Descent {
    float rate, momentum;
    int32_t is_nesterov;

    // Of `size` numbers, in place: parameters, and what is remembered of their gradients.
    void step(float* parameters, const float* gradients, float* remembered, int64_t size) const {
        for (int64_t i = 0; i < size; i++) {
            remembered[i] = momentum * remembered[i] + gradients[i];
            float down = is_nesterov ? gradients[i] + momentum * remembered[i] : remembered[i];
            parameters[i] -= rate * down;
        }
    }
};
