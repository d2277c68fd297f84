// Pools of one block of images, and activations. What is no number stays none.
#pragma once

#include "lanes.h"
#include "stage.h"

#include <cmath>
#include <cstring>

constexpr float LEAKY_SLOPE = 0.01f;  // torch's default

inline Lanes activate(int activation, Lanes values) {
    switch (activation) {
        case RELU: return values < 0 ? Lanes{} : values;
        case LEAKY_RELU: return values > 0 ? values : values * LEAKY_SLOPE;
        default: return values;
    }
}

// The gradient of what was activated, from what came out: both have the same sign.
inline Lanes through_activation(int activation, Lanes values, Lanes gradient) {
    switch (activation) {
        case RELU: return values > 0 ? gradient : Lanes{};
        case LEAKY_RELU: return values > 0 ? gradient : gradient * LEAKY_SLOPE;
        default: return gradient;
    }
}

// Visit what lies in the image under the window of an output.
template <typename Visit>
void under_window(const Pool& pool, int y, int x, Visit visit) {
    int top = y * pool.stride_h - pool.pad_h, left = x * pool.stride_w - pool.pad_w;
    int bottom = top + pool.kernel_h * pool.dilation_h;
    int right = left + pool.kernel_w * pool.dilation_w;
    for (int row = top; row < bottom; row += pool.dilation_h) {
        if (row < 0 || row >= pool.height) continue;
        for (int column = left; column < right; column += pool.dilation_w)
            if (column >= 0 && column < pool.width) visit(row * pool.width + column);
    }
}

// What each value weighs in an average: padding counts, what `ceil_mode` adds beyond it does not.
inline float weight_in(const Pool& pool, int y, int x) {
    int top = y * pool.stride_h - pool.pad_h, left = x * pool.stride_w - pool.pad_w;
    int bottom = std::min(top + pool.kernel_h, pool.height + pool.pad_h);
    int right = std::min(left + pool.kernel_w, pool.width + pool.pad_w);
    return 1.0f / ((bottom - top) * (right - left));
}

inline Lanes largest(const Pool& pool, int y, int x, const Lanes* in) {
    Lanes value = Lanes{} - INFINITY;
    under_window(pool, y, x, [&](int at) {
        value = in[at] > value ? in[at] : value;
        value = in[at] == in[at] ? value : in[at];
    });
    return value;
}

inline void pool_forward(const Pool& pool, int channels, const Lanes* in, Lanes* out) {
    for (int c = 0; c < channels; c++, in += pool.plane())
        for (int y = 0; y < pool.out_h; y++)
            for (int x = 0; x < pool.out_w; x++, out++) {
                if (pool.is_max) {
                    *out = largest(pool, y, x, in);
                    continue;
                }
                Lanes total{};
                under_window(pool, y, x, [&](int at) { total += in[at]; });
                *out = total * weight_in(pool, y, x);
            }
}

// The first of equally large values takes the whole gradient.
inline void pool_backward(const Pool& pool, int channels, const Lanes* in, const Lanes* gradient,
                          Lanes* in_gradient) {
    std::memset(in_gradient, 0, sizeof(Lanes) * channels * pool.plane());
    for (int c = 0; c < channels; c++, in += pool.plane(), in_gradient += pool.plane())
        for (int y = 0; y < pool.out_h; y++)
            for (int x = 0; x < pool.out_w; x++) {
                Lanes given = *gradient++;
                if (!pool.is_max) {
                    given *= weight_in(pool, y, x);
                    under_window(pool, y, x, [&](int at) { in_gradient[at] += given; });
                    continue;
                }
                Lanes value = largest(pool, y, x, in);
                under_window(pool, y, x, [&](int at) {
                    auto takes = in[at] == value;
                    in_gradient[at] += takes ? given : Lanes{};
                    given = takes ? Lanes{} : given;
                });
            }
}
