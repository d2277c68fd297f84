// Layer: one stage of a network with its values, block by block of images.
#pragma once

#include "convolution.h"
#include "dropout.h"
#include "memory.h"
#include "norm.h"
#include "pooling.h"
#include "stage.h"

using Params = const float* const*;  // by number of the parameter
using Buffers = float* const*;

// Room of one thread's for what is computed anew for each block, as large as the largest layer.
struct Scratch {
    size_t input_size = 0, spread_size = 0, num_weights = 0;
    const Lanes* input = nullptr;  // what a convolution reads, padded: a layer's own, or `padded`
    Array<Lanes> padded;
    Array<Lanes> spread;  // the gradient of what it gave, a stride apart, padded
    Array<Lanes> totals;  // its weights' gradients, lane by lane

    void make_room(const Stage& stage) {
        auto widen = [](size_t& size, size_t needed) { size = std::max(size, needed); };
        if (stage.is_padded())
            widen(input_size, (size_t)stage.in_channels * stage.padded_h() * stage.padded_w());
        widen(spread_size, (size_t)stage.out_channels * stage.spread_h() * stage.spread_w());
        widen(num_weights, stage.num_weights());
    }
    void allocate() {
        padded = zeros<Lanes>(input_size);
        spread = zeros<Lanes>(spread_size);
        totals = zeros<Lanes>(num_weights);
    }
};

class Layer {
    // Of one thread's block: behind the activation, and behind each pool.
    struct Values {
        std::vector<Array<Lanes>> values, gradients;
    };
    // Of one block, for all channels.
    struct Sums {
        std::vector<Moments> moments;
        std::vector<Slopes> slopes;
        Array<float> weight_gradients;
    };

    Stage stage;
    std::vector<Pool> pools;
    std::vector<Values> finished;    // by thread
    std::vector<Sums> sums;          // by block
    Array<Lanes> convolved, deltas;  // by block: what the norm reads, and gradients behind it
    Array<float> forward_weights, backward_weights;
    std::vector<Affine> norms;  // by channel, like the next two
    std::vector<Moments> moments;
    std::vector<Backward> norm_gradients;
    Dropout dropout;

public:
    Layer(const Stage& stage, const Pool* all_pools, int blocks, int threads)
        : stage(stage), pools(all_pools + stage.first_pool,
                              all_pools + stage.first_pool + stage.num_pools),
          finished(threads), sums(blocks),
          convolved(zeros<Lanes>((size_t)blocks * stage.out_size())),
          deltas(zeros<Lanes>((size_t)blocks * stage.out_size())),
          forward_weights(zeros<float>(stage.num_weights())),
          backward_weights(zeros<float>(stage.num_weights())), norms(stage.out_channels),
          moments(stage.out_channels), norm_gradients(stage.out_channels) {
        for (Values& own : finished)
            for (int i = 0; i <= stage.num_pools; i++) {
                int size = i ? pools[i - 1].out_size() : stage.out_size();
                own.values.push_back(zeros<Lanes>(size));
                own.gradients.push_back(zeros<Lanes>(size));
            }
        for (Sums& of : sums)
            of = {std::vector<Moments>(stage.out_channels), std::vector<Slopes>(stage.out_channels),
                  zeros<float>(stage.num_weights())};
    }

    bool has_norm() const { return stage.gamma >= 0; }
    int out_size() const { return pools.empty() ? stage.out_size() : pools.back().out_size(); }
    // Where the gradient of what `finish` gave is to be put.
    Lanes* out_gradient(int thread) { return finished[thread].gradients.back().get(); }

    // Weights in the order in which tiles read them: forward by tap, outputs side by side;
    // backward by output and tap turned round, inputs side by side.
    void pack(Params params) {
        int in = group_in(), out = group_out(), kernel = stage.kernel_h * stage.kernel_w;
        const float* weight = params[stage.weight];
        for (int g = 0; g < stage.groups; g++) {
            float* forward = forward_weights.get() + g * out * stage.taps();
            float* backward = backward_weights.get() + g * out * stage.taps();
            for (int o = 0; o < out; o++)
                for (int i = 0; i < in; i++)
                    for (int k = 0; k < kernel; k++) {
                        forward[(i * kernel + k) * out + o] = *weight;
                        backward[(o * kernel + kernel - 1 - k) * in + i] = *weight++;
                    }
        }
    }

    // Have the scratch hold what the convolution reads, padded.
    void read(const Lanes* from, Scratch& scratch) const {
        scratch.input = stage.is_padded() ? scratch.padded.get() : from;
        if (!stage.is_padded()) return;
        Lanes* to = scratch.padded.get();
        int height = stage.padded_h(), width = stage.padded_w();
        std::memset(to, 0, sizeof(Lanes) * stage.in_channels * height * width);
        for (int c = 0; c < stage.in_channels; c++)
            for (int y = 0; y < stage.height; y++, from += stage.width)
                std::memcpy(to + (c * height + y + stage.pad_h) * width + stage.pad_w, from,
                            sizeof(Lanes) * stage.width);
    }

    void convolve_block(int block, Params params, const Scratch& scratch) {
        int in = group_in(), out = group_out(), width = stage.padded_w();
        int plane = stage.padded_h() * width;
        Walk walk{in,    stage.kernel_h,          stage.kernel_w,   plane,
                  stage.dilation_h * width, stage.dilation_w, stage.stride_w, stage.plane(), out};
        for (int g = 0; g < stage.groups; g++)
            convolve(walk, out, stage.out_h, stage.out_w, stage.stride_h * width,
                     scratch.input + g * in * plane,
                     forward_weights.get() + g * out * stage.taps(),
                     stage.bias < 0 ? nullptr : params[stage.bias] + g * out,
                     block_of(convolved, block) + g * out * stage.plane());
    }

    void measure_block(int block) {
        for (int c = 0; c < stage.out_channels; c++)
            sums[block].moments[c] =
                measure(block_of(convolved, block) + c * stage.plane(), stage.plane());
    }

    // The norm of the whole batch; its running statistics go one step on.
    void set_norm(Params params, Buffers buffers) {
        for (int c = 0; c < stage.out_channels; c++) {
            Moments all;
            for (const Sums& of : sums) all.add(of.moments[c]);
            moments[c] = all;
            norms[c] = affine(params[stage.gamma][c], params[stage.beta][c], all.mean,
                              all.inverse_deviation());
            float &mean = buffers[stage.mean][c], &variance = buffers[stage.variance][c];
            mean += MOMENTUM * ((float)all.mean - mean);
            variance += MOMENTUM * ((float)(all.squares / (all.count - 1)) - variance);
        }
    }

    void set_running_norm(Params params, Buffers buffers) {
        for (int c = 0; has_norm() && c < stage.out_channels; c++)
            norms[c] = affine(params[stage.gamma][c], params[stage.beta][c],
                              buffers[stage.mean][c],
                              1 / std::sqrt((double)buffers[stage.variance][c] + EPSILON));
    }

    // Drop other values from now on; without a seed, none.
    void set_dropout(const uint32_t* seed) {
        dropout = seed ? Dropout{stage.dropout, *seed} : Dropout{};
    }

    // What follows the convolution: norm, activation, dropout and pools.
    const Lanes* finish(int block, int thread) {
        if (is_bare()) return block_of(convolved, block);
        Values& own = finished[thread];
        const Lanes* from = block_of(convolved, block);
        Lanes* to = own.values[0].get();
        for (int c = 0; c < stage.out_channels; c++)
            for (int i = 0; i < stage.plane(); i++)
                *to++ = activate(stage.activation, *from++ * norms[c].scale + norms[c].shift);
        if (dropout.drops())
            for (int i = 0; i < stage.out_size(); i++)
                own.values[0][i] *= dropout.factors(block * stage.out_size() + i);
        for (size_t i = 0; i < pools.size(); i++)
            pool_forward(pools[i], own.values[i].get(), own.values[i + 1].get());
        return own.values.back().get();
    }

    // From the gradient of what `finish` gave last to the one behind the norm.
    void unfinish(int block, int thread) {
        Values& own = finished[thread];
        for (size_t i = pools.size(); i-- > 0;)
            pool_backward(pools[i], own.values[i].get(), own.gradients[i + 1].get(),
                          own.gradients[i].get());
        if (dropout.drops())
            for (int i = 0; i < stage.out_size(); i++)
                own.gradients[0][i] *= dropout.factors(block * stage.out_size() + i);
        const Lanes *values = is_bare() ? block_of(convolved, block) : own.values[0].get();
        const Lanes* gradients = own.gradients[0].get();
        const Lanes* from = block_of(convolved, block);
        Lanes* to = block_of(deltas, block);
        for (int c = 0; c < stage.out_channels; c++) {
            Lanes total{}, products{};
            float mean = moments[c].mean;
            for (int i = 0; i < stage.plane(); i++) {
                Lanes gradient = through_activation(stage.activation, *values++, *gradients++);
                total += gradient;
                products += gradient * (*from++ - mean);
                *to++ = gradient;
            }
            sums[block].slopes[c] = {sum(total), sum(products)};
        }
    }

    // How gradients go back through the norm, and the gradients of its own parameters.
    void set_norm_gradients(Params params, Buffers gradients) {
        for (int c = 0; c < stage.out_channels; c++) {
            Slopes all;
            for (const Sums& of : sums) all.add(of.slopes[c]);
            // A norm takes away what a bias in front of it adds.
            if (stage.bias >= 0) gradients[stage.bias][c] = has_norm() ? 0 : all.gradients;
            if (!has_norm()) continue;
            norm_gradients[c] = backward(params[stage.gamma][c], moments[c], all);
            gradients[stage.gamma][c] = all.products * moments[c].inverse_deviation();
            gradients[stage.beta][c] = all.gradients;
        }
    }

    // Put the gradient of what the convolution gave into the scratch.
    void spread(int block, Scratch& scratch) {
        int height = stage.spread_h(), width = stage.spread_w();
        std::memset(scratch.spread.get(), 0, sizeof(Lanes) * stage.out_channels * height * width);
        const Lanes *gradient = block_of(deltas, block), *value = block_of(convolved, block);
        for (int c = 0; c < stage.out_channels; c++) {
            Backward norm = norm_gradients[c];
            for (int y = 0; y < stage.out_h; y++) {
                Lanes* to = scratch.spread.get() + stage.reach_w() +
                            (c * height + stage.reach_h() + y * stage.stride_h) * width;
                for (int x = 0; x < stage.out_w; x++, to += stage.stride_w)
                    *to = *gradient++ * norm.of_gradient +
                          (*value++ - norm.mean) * norm.of_value + norm.constant;
            }
        }
    }

    // The gradient of what the convolution read, from the scratch.
    void convolve_back(const Scratch& scratch, Lanes* in_gradient) const {
        int in = group_in(), out = group_out(), in_plane = stage.height * stage.width;
        int width = stage.spread_w(), plane = stage.spread_h() * width;
        Walk walk{out, stage.kernel_h,          stage.kernel_w,   plane,
                  stage.dilation_h * width, stage.dilation_w, 1, in_plane, in};
        for (int g = 0; g < stage.groups; g++)
            convolve(walk, in, stage.height, stage.width, width,
                     scratch.spread.get() + g * out * plane + stage.pad_h * width + stage.pad_w,
                     backward_weights.get() + g * out * stage.taps(), nullptr,
                     in_gradient + g * in * in_plane);
    }

    // The gradients of the weights over one block, from the scratch.
    void weigh(int block, Scratch& scratch) {
        int in = group_in(), out = group_out();
        int width = stage.padded_w(), plane = stage.padded_h() * width;
        int out_width = stage.spread_w(), out_plane = stage.spread_h() * out_width;
        std::vector<int> taps;
        for (int i = 0; i < in; i++)
            for (int y = 0; y < stage.kernel_h; y++)
                for (int x = 0; x < stage.kernel_w; x++)
                    taps.push_back(i * plane + y * stage.dilation_h * width + x * stage.dilation_w);
        for (int g = 0; g < stage.groups; g++) {
            const Lanes* given = scratch.spread.get() + g * out * out_plane +
                                 stage.reach_h() * out_width + stage.reach_w();
            GradientWalk walk{stage.out_h,    stage.out_w, stage.stride_h * width,
                              stage.stride_w, out_plane,   stage.stride_h * out_width,
                              stage.stride_w};
            weigh_all(walk, scratch.input + g * in * plane, taps, given, out,
                      scratch.totals.get(),
                      sums[block].weight_gradients.get() + g * out * stage.taps());
        }
    }

    void add_weight_gradients(Buffers gradients) const {
        for (int i = 0; i < stage.num_weights(); i++) {
            double total = 0;
            for (const Sums& of : sums) total += of.weight_gradients[i];
            gradients[stage.weight][i] = total;
        }
    }

private:
    // Whether nothing follows the convolution.
    bool is_bare() const {
        return !has_norm() && stage.activation == NONE && !dropout.drops() && pools.empty();
    }
    int group_in() const { return stage.in_channels / stage.groups; }
    int group_out() const { return stage.out_channels / stage.groups; }
    Lanes* block_of(const Array<Lanes>& values, int block) const {
        return values.get() + (size_t)block * stage.out_size();
    }
};
