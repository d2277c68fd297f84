// Layer: one stage of a network with its values, block by block of images.
#pragma once

#include "convolution.h"
#include "dropout.h"
#include "memory.h"
#include "norm.h"
#include "pooling.h"
#include "scratch.h"
#include "stage.h"

using Params = const float* const*;  // by number of the parameter
using Buffers = float* const*;

// To write a value to memory and read it again takes as long as some 40 multiply-adds.
constexpr int FEW_TAPS = 32;

class Layer {
    // Of one thread's block: behind the activation, and behind each pool. Of as many channels as a
    // group of the next layer reads.
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
    bool fleeting;
    std::vector<Values> finished;    // by thread
    std::vector<Sums> sums;          // by block
    Array<Lanes> convolved, deltas;  // what the norm reads, and gradients behind it
    Array<float> forward_weights, backward_weights;
    // Where each tap of a group is in what the convolution reads, and in its spread gradient.
    std::vector<int> taps, back_taps;
    std::vector<Affine> norms;  // by channel, like the next two
    std::vector<Moments> moments;
    std::vector<Backward> norm_gradients;
    Dropout dropout;

public:
    Layer(const Stage& stage, const Stage* next, const Pool* all_pools, int blocks, int threads)
        : stage(stage), pools(all_pools + stage.first_pool,
                              all_pools + stage.first_pool + stage.num_pools),
          fleeting(stage.is_bare(stage.dropout > 0) && stage.taps() <= FEW_TAPS && next &&
                   next->groups == 1),
          finished(threads), sums(blocks),
          forward_weights(zeros<float>(stage.num_weights())),
          backward_weights(zeros<float>(stage.num_weights())), norms(stage.out_channels),
          moments(stage.out_channels), norm_gradients(stage.out_channels) {
        size_t places = fleeting ? threads : blocks;
        convolved = zeros<Lanes>(places * stage.out_size());
        deltas = zeros<Lanes>(places * stage.out_size());
        int channels = next ? next->group_in() : stage.out_channels;
        for (Values& own : finished)
            for (int i = 0; i <= stage.num_pools && !fleeting; i++) {
                int size = channels * (i ? pools[i - 1].out_plane() : stage.plane());
                own.values.push_back(zeros<Lanes>(size));
                own.gradients.push_back(zeros<Lanes>(size));
            }
        for (Sums& of : sums)
            of = {std::vector<Moments>(stage.out_channels), std::vector<Slopes>(stage.out_channels),
                  zeros<float>(stage.num_weights())};
        taps = taps_in(stage.group_in(), stage.padded_h(), stage.padded_w());
        back_taps = taps_in(stage.group_out(), stage.spread_h(), stage.spread_w());
    }

    // Whether what it gives is computed wherever the next layer reads it and its gradient is taken
    // on at once, with nothing kept: it costs less than memory, and no norm waits for the batch.
    bool is_fleeting() const { return fleeting; }
    bool has_norm() const { return stage.has_norm(); }
    int groups() const { return stage.groups; }
    // Channels that a group reads.
    Part channels_in(int group) const { return {group * stage.group_in(), stage.group_in()}; }
    Part all_channels() const { return {0, stage.out_channels}; }
    int out_size() const {
        return stage.out_channels * (pools.empty() ? stage.plane() : pools.back().out_plane());
    }
    // Where the gradient of what `finish` gave of these channels is to be put.
    Lanes* out_gradient(Part channels, int block, int thread) {
        return fleeting ? deltas_of(channels, block, thread)
                        : finished[thread].gradients.back().get();
    }

    // Weights in the order in which tiles read them: forward by tap, outputs side by side;
    // backward by output and tap turned round, inputs side by side.
    void pack(Params params) {
        int in = stage.group_in(), out = stage.group_out();
        int kernel = stage.kernel_h * stage.kernel_w;
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

    // Have the scratch hold what a group reads, padded.
    void read(const Lanes* from, Scratch& scratch) const {
        scratch.input = stage.is_padded() ? scratch.padded.get() : from;
        if (!stage.is_padded()) return;
        Lanes* to = scratch.padded.get();
        int height = stage.padded_h(), width = stage.padded_w();
        std::memset(to, 0, sizeof(Lanes) * stage.group_in() * height * width);
        for (int c = 0; c < stage.group_in(); c++)
            for (int y = 0; y < stage.height; y++, from += stage.width)
                std::memcpy(to + (c * height + y + stage.pad_h) * width + stage.pad_w, from,
                            sizeof(Lanes) * stage.width);
    }

    // What a group gives, from the scratch.
    void convolve_group(int group, int block, int thread, Params params, const Scratch& scratch) {
        Part channels = channels_out(group);
        Walk walk{taps, stage.stride_w, stage.plane(), channels.size};
        convolve(walk, channels.size, stage.out_h, stage.out_w,
                 stage.stride_h * stage.padded_w(),
                 scratch.input, forward_weights.get() + channels.from * stage.taps(),
                 stage.bias < 0 ? nullptr : params[stage.bias] + channels.from,
                 convolved_of(channels, block, thread));
    }

    void measure_block(int block, int thread) {
        const Lanes* values = convolved_of(all_channels(), block, thread);
        for (int c = 0; c < stage.out_channels; c++)
            sums[block].moments[c] = measure(values + c * stage.plane(), stage.plane());
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

    // What follows the convolution in some channels: norm, activation, dropout and pools.
    const Lanes* finish(Part channels, int block, int thread) {
        const Lanes* from = convolved_of(channels, block, thread);
        if (is_bare()) return from;
        Values& own = finished[thread];
        Lanes* to = own.values[0].get();
        for (int c = 0; c < channels.size; c++) {
            Affine norm = norms[channels.from + c];
            for (int i = 0; i < stage.plane(); i++) {
                fetch(from);
                *to++ = activate(stage.activation, *from++ * norm.scale + norm.shift);
            }
        }
        drop(channels, block, own.values[0].get());
        for (size_t i = 0; i < pools.size(); i++)
            pool_forward(pools[i], channels.size, own.values[i].get(), own.values[i + 1].get());
        return own.values.back().get();
    }

    // From the gradient of what `finish` gave last to the one behind the norm.
    void unfinish(Part channels, int block, int thread) {
        if (fleeting && stage.bias < 0) return;
        Lanes* gradients = out_gradient(channels, block, thread);
        const Lanes* from = convolved_of(channels, block, thread);
        const Lanes* values = from;
        if (!is_bare()) {
            Values& own = finished[thread];
            for (size_t i = pools.size(); i-- > 0;)
                pool_backward(pools[i], channels.size, own.values[i].get(),
                              own.gradients[i + 1].get(), own.gradients[i].get());
            gradients = own.gradients[0].get();
            drop(channels, block, gradients);
            values = own.values[0].get();
        }
        Lanes* to = deltas_of(channels, block, thread);
        for (int c = channels.from; c < channels.from + channels.size; c++) {
            Lanes total{}, products{};
            float mean = moments[c].mean;
            for (int i = 0; i < stage.plane(); i++) {
                fetch(from);
                fetch_to_write(to);
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

    // Put the gradient of what a group gave into the scratch.
    void spread(int group, int block, int thread, Scratch& scratch) {
        Part channels = channels_out(group);
        const Lanes *gradient = deltas_of(channels, block, thread),
                    *value = convolved_of(channels, block, thread);
        int width = stage.spread_w();
        Lanes* row = scratch.spread.get();
        for (int c = channels.from; c < channels.from + channels.size; c++) {
            Backward norm = norm_gradients[c];
            for (int y = 0; y < stage.spread_h(); y++, row += width) {
                std::memset(row, 0, sizeof(Lanes) * width);
                int above = y - stage.reach_h();
                if (above < 0 || above % stage.stride_h || above / stage.stride_h >= stage.out_h)
                    continue;
                Lanes* to = row + stage.reach_w();
                for (int x = 0; x < stage.out_w; x++, to += stage.stride_w, value++) {
                    fetch(gradient);
                    fetch(value);
                    *to = *gradient++ * norm.of_gradient +
                          (has_norm() ? (*value - norm.mean) * norm.of_value : Lanes{}) +
                          norm.constant;
                }
            }
        }
    }

    // The gradient of what a group read, from the scratch.
    void convolve_back(int group, const Scratch& scratch, Lanes* in_gradient) const {
        int in = stage.group_in(), out = stage.group_out();
        int width = stage.spread_w();
        Walk walk{back_taps, 1, stage.height * stage.width, in};
        convolve(walk, in, stage.height, stage.width, width,
                 scratch.spread.get() + stage.pad_h * width + stage.pad_w,
                 backward_weights.get() + group * out * stage.taps(), nullptr, in_gradient);
    }

    // The gradients of a group's weights over one block, from the scratch.
    void weigh(int group, int block, Scratch& scratch) {
        int out = stage.group_out(), width = stage.spread_w();
        GradientWalk walk{stage.out_h,
                          stage.out_w,
                          stage.stride_w,
                          stage.stride_h * stage.padded_w(),
                          stage.spread_h() * width,
                          stage.stride_h * width};
        weigh_all(walk, scratch.input, taps,
                  scratch.spread.get() + stage.reach_h() * width + stage.reach_w(), out,
                  scratch.totals.get(),
                  sums[block].weight_gradients.get() + group * out * stage.taps());
    }

    void add_weight_gradients(Buffers gradients) const {
        for (int i = 0; i < stage.num_weights(); i++) {
            double total = 0;
            for (const Sums& of : sums) total += of.weight_gradients[i];
            gradients[stage.weight][i] = total;
        }
    }

private:
    // Whether nothing follows the convolution in this step.
    bool is_bare() const { return stage.is_bare(dropout.drops()); }
    std::vector<int> taps_in(int channels, int height, int width) const {
        std::vector<int> places;
        for (int c = 0; c < channels; c++)
            for (int y = 0; y < stage.kernel_h; y++)
                for (int x = 0; x < stage.kernel_w; x++)
                    places.push_back((c * height + y * stage.dilation_h) * width +
                                     x * stage.dilation_w);
        return places;
    }
    Part channels_out(int group) const { return {group * stage.group_out(), stage.group_out()}; }
    void drop(Part channels, int block, Lanes* values) const {
        if (!dropout.drops()) return;
        int first = block * stage.out_size() + channels.from * stage.plane();
        for (int i = 0; i < channels.size * stage.plane(); i++)
            values[i] *= dropout.factors(first + i);
    }
    Lanes* convolved_of(Part channels, int block, int thread) const {
        return convolved.get() + place_of(channels, block, thread);
    }
    Lanes* deltas_of(Part channels, int block, int thread) const {
        return deltas.get() + place_of(channels, block, thread);
    }
    size_t place_of(Part channels, int block, int thread) const {
        return (size_t)(fleeting ? thread : block) * stage.out_size() +
               channels.from * stage.plane();
    }
};
