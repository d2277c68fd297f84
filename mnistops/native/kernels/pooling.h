// Activations, and pools of one block of images. What is no number stays none.
#pragma once

#include "lanes.h"
#include "stage.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

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

// A pool, with what lies in the image under the window of each output.
class Pooling {
    Pool pool;
    std::vector<int> ends;       // by output of a channel: where its places end
    std::vector<int> places;     // in the image
    std::vector<float> weights;  // by output: what a value weighs in its average
    bool tiles;                  // whether every place is under one window

public:
    explicit Pooling(const Pool& pool) : pool(pool) {
        std::vector<int> covers(pool.plane());
        for (int y = 0; y < pool.out_h; y++)
            for (int x = 0; x < pool.out_w; x++) add_window(y, x, covers);
        tiles = std::count(covers.begin(), covers.end(), 1) == pool.plane();
    }

    int plane() const { return pool.plane(); }
    int out_plane() const { return pool.out_plane(); }
    int out_height() const { return pool.out_h; }
    int out_width() const { return pool.out_w; }

    void forward(int channels, const Lanes* in, Lanes* out) const {
        for (int c = 0; c < channels; c++, in += plane(), out += out_plane())
            each_window([&](int o, const int* begin, const int* end) {
                Lanes value = Lanes{} + (pool.is_max ? -INFINITY : 0.0f);
                for (const int* at = begin; at < end; at++) {
                    Lanes next = in[*at];
                    if (pool.is_max)
                        value = (next > value) | (next != next) ? next : value;
                    else
                        value += next;
                }
                out[o] = pool.is_max ? value : value * weights[o];
            });
    }

    // `out` is what `forward` gave. The first of equally large values takes the whole gradient.
    void backward(int channels, const Lanes* in, const Lanes* out, const Lanes* gradient,
                  Lanes* in_gradient) const {
        if (!tiles) std::memset(in_gradient, 0, sizeof(Lanes) * channels * plane());
        for (int c = 0; c < channels; c++) {
            each_window([&](int o, const int* begin, const int* end) {
                Lanes given = pool.is_max ? gradient[o] : gradient[o] * weights[o];
                for (const int* at = begin; at < end; at++) {
                    Lanes taken = given;
                    if (pool.is_max) {
                        auto takes = in[*at] == out[o];
                        taken = takes ? given : Lanes{};
                        given = takes ? Lanes{} : given;
                    }
                    in_gradient[*at] = tiles ? taken : in_gradient[*at] + taken;
                }
            });
            in += plane();
            in_gradient += plane();
            out += out_plane();
            gradient += out_plane();
        }
    }

private:
    template <typename Visit>
    void each_window(Visit visit) const {
        const int* begin = places.data();
        for (int o = 0; o < out_plane(); o++) {
            const int* end = places.data() + ends[o];
            visit(o, begin, end);
            begin = end;
        }
    }

    void add_window(int y, int x, std::vector<int>& covers) {
        int top = y * pool.stride_h - pool.pad_h, left = x * pool.stride_w - pool.pad_w;
        for (int i = 0; i < pool.kernel_h; i++)
            for (int j = 0; j < pool.kernel_w; j++) {
                int row = top + i * pool.dilation_h, column = left + j * pool.dilation_w;
                if (row < 0 || row >= pool.height || column < 0 || column >= pool.width) continue;
                places.push_back(row * pool.width + column);
                covers[places.back()]++;
            }
        ends.push_back(places.size());
        // In an average padding counts, what `ceil_mode` adds beyond it does not.
        int bottom = std::min(top + pool.kernel_h, pool.height + pool.pad_h);
        int right = std::min(left + pool.kernel_w, pool.width + pool.pad_w);
        weights.push_back(1.0f / ((bottom - top) * (right - left)));
    }
};
