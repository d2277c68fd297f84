// Batch norm of one channel: what it measures, applies, and hands back.
#pragma once

#include "lanes.h"

#include <cmath>
#include <utility>

constexpr float EPSILON = 1e-5f, MOMENTUM = 0.1f;  // torch's defaults

// Count, mean, and sum of squared distances from the mean.
struct Moments {
    double count = 0, mean = 0, squares = 0;

    // Of these and others together (Chan, Golub and LeVeque, 1979).
    void add(const Moments& other) {
        double all = count + other.count, apart = other.mean - mean;
        squares += other.squares + apart * apart * count * other.count / all;
        mean += apart * other.count / all;
        count = all;
    }
    double inverse_deviation() const { return 1 / std::sqrt(squares / count + EPSILON); }
};

inline Moments measure(const Lanes* values, int size) {
    Lanes sums[4] = {}, squares[4] = {};
    for (int i = 0; i < size; i++) sums[i % 4] += values[i];
    double count = (double)size * LANES;
    float mean = sum(sums[0] + sums[1] + sums[2] + sums[3]) / count;
    // Distances from the mean, since squares of what is far from 0 lose what sets them apart.
    for (int i = 0; i < size; i++) squares[i % 4] += (values[i] - mean) * (values[i] - mean);
    return {count, mean, sum(squares[0] + squares[1] + squares[2] + squares[3])};
}

// The norm as it is applied: value * scale + shift.
struct Affine {
    float scale = 1, shift = 0;
};

inline Affine affine(float gamma, float beta, double mean, double inverse_deviation) {
    double scale = gamma * inverse_deviation;
    return {(float)scale, (float)(beta - scale * mean)};
}

// Sums over a channel of the gradients behind the norm, and of these times the distance of what
// entered it from its mean.
struct Slopes {
    double gradients = 0, products = 0;

    void add(const Slopes& other) {
        gradients += other.gradients;
        products += other.products;
    }
};

// The gradient in front of the norm: of_gradient * gradient + of_value * (value - mean) + constant.
struct Backward {
    float of_gradient = 1, of_value = 0, mean = 0, constant = 0;
};

inline Backward backward(float gamma, const Moments& moments, const Slopes& slopes) {
    double inverse = moments.inverse_deviation(), scale = gamma * inverse;
    return {(float)scale, (float)(-scale * inverse * inverse * slopes.products / moments.count),
            (float)moments.mean, (float)(-scale * slopes.gradients / moments.count)};
}
