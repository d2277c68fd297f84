// Stages and pools: the shape of a network, as Python hands it over, all in int32.
//
// A stage is a convolution and what follows it up to the next one: norm, activation, pools. A fully
// connected layer is a convolution whose kernel is as large as what it reads.
#pragma once

#include <algorithm>
#include <cstdint>

struct Pool {
    int32_t is_max, channels, height, width, kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w,
        dilation_h, dilation_w, out_h, out_w;

    int plane() const { return height * width; }
    int out_plane() const { return out_h * out_w; }
};

enum Activation { NONE, RELU, LEAKY_RELU };

struct Stage {
    int32_t in_channels, height, width, out_channels, kernel_h, kernel_w, stride_h, stride_w, pad_h,
        pad_w, dilation_h, dilation_w, groups, out_h, out_w;
    int32_t weight, bias, gamma, beta;  // number of the parameter, -1 for none
    int32_t mean, variance;             // number of the buffer
    int32_t activation;
    uint32_t dropout;  // of 2^32: the probability
    int32_t first_pool, num_pools;

    int in_size() const { return in_channels * height * width; }
    int plane() const { return out_h * out_w; }
    int out_size() const { return out_channels * plane(); }
    int group_in() const { return in_channels / groups; }
    int group_out() const { return out_channels / groups; }
    int taps() const { return group_in() * kernel_h * kernel_w; }
    int num_weights() const { return out_channels * taps(); }
    bool has_norm() const { return gamma >= 0; }
    // Whether nothing follows the convolution.
    bool is_bare(bool drops) const {
        return !has_norm() && activation == NONE && !drops && num_pools == 0;
    }

    // How far the last row and column of the kernel are from the first.
    int reach_h() const { return dilation_h * (kernel_h - 1); }
    int reach_w() const { return dilation_w * (kernel_w - 1); }
    // What the convolution reads, padded.
    int padded_h() const { return std::max(height + pad_h, last_row() + reach_h() + 1); }
    int padded_w() const { return std::max(width + pad_w, last_column() + reach_w() + 1); }
    bool is_padded() const { return padded_h() != height || padded_w() != width; }
    // The gradient of what it gives, a stride apart, so padded that convolving it with the kernel
    // turned round is the gradient of what it reads.
    int spread_h() const { return std::max(height + pad_h, last_row() + 1) + reach_h(); }
    int spread_w() const { return std::max(width + pad_w, last_column() + 1) + reach_w(); }

private:
    int last_row() const { return (out_h - 1) * stride_h; }
    int last_column() const { return (out_w - 1) * stride_w; }
};
