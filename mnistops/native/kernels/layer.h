// Layer: a convolution, the gradients of its weights, and its tail.
#pragma once

#include "convolution.h"
#include "scratch.h"
#include "tail.h"

class Layer {
    Stage stage;
    Array<float> forward_weights, backward_weights;
    std::vector<Array<float>> weight_gradients;  // by block
    // Where each tap of a group is in what the convolution reads, and in its spread gradient.
    std::vector<int> taps, back_taps;

public:
    Tail tail;

    Layer(const Stage& stage, const Stage* next, const Pool* all_pools, int blocks, int threads)
        : stage(stage), forward_weights(zeros<float>(stage.num_weights())),
          backward_weights(zeros<float>(stage.num_weights())), weight_gradients(blocks),
          tail(stage, next, all_pools, blocks, threads) {
        for (auto& of : weight_gradients) of = zeros<float>(stage.num_weights());
        taps = taps_in(stage.group_in(), stage.padded_h(), stage.padded_w());
        back_taps = taps_in(stage.group_out(), stage.spread_h(), stage.spread_w());
    }

    int groups() const { return stage.groups; }
    // Channels that a group reads.
    Part channels_in(int group) const { return {group * stage.group_in(), stage.group_in()}; }

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
        Walk walk{taps, stage.stride_w, channels.size};
        Place out{tail.convolved_of(channels, block, thread), stage.plane(), stage.out_w};
        convolve(walk, channels.size, stage.out_h, stage.out_w,
                 stage.stride_h * stage.padded_w(),
                 scratch.input, forward_weights.get() + channels.from * stage.taps(),
                 stage.bias < 0 ? nullptr : params[stage.bias] + channels.from, out, [](int) {});
    }

    // Put the gradient of what a group gave into the scratch.
    void spread(int group, int block, int thread, Scratch& scratch) {
        Part channels = channels_out(group);
        const Lanes *gradient = tail.deltas_of(channels, block, thread),
                    *value = tail.convolved_of(channels, block, thread);
        int width = stage.spread_w();
        Lanes* row = scratch.spread.get();
        for (int c = channels.from; c < channels.from + channels.size; c++) {
            Backward norm = tail.norm_gradient(c);
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
                          (stage.has_norm() ? (*value - norm.mean) * norm.of_value : Lanes{}) +
                          norm.constant;
                }
            }
        }
    }

    // The gradient of what a group read, from the scratch, to a place; `after` is told the number
    // of each row that has been put.
    template <typename After>
    void convolve_back(int group, const Scratch& scratch, Place to, After after) const {
        int in = stage.group_in(), out = stage.group_out();
        int width = stage.spread_w();
        convolve(Walk{back_taps, 1, in}, in, stage.height, stage.width, width,
                 scratch.spread.get() + stage.pad_h * width + stage.pad_w,
                 backward_weights.get() + group * out * stage.taps(), nullptr, to, after);
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
                  weight_gradients[block].get() + group * out * stage.taps());
    }

    void add_weight_gradients(Buffers gradients) const {
        for (int i = 0; i < stage.num_weights(); i++) {
            double total = 0;
            for (const auto& of : weight_gradients) total += of[i];
            gradients[stage.weight][i] = total;
        }
    }

private:
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
};
