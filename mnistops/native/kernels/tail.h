// Tail: what follows a convolution up to the next one, and what is kept of it, block by block.
#pragma once

#include "dropout.h"
#include "memory.h"
#include "norm.h"
#include "part.h"
#include "pooling.h"
#include "stage.h"

using Params = const float* const*;  // by number of the parameter
using Buffers = float* const*;

// To write a value to memory and read it again takes as long as some 40 multiply-adds.
constexpr int FEW_TAPS = 32;

class Tail {
    // Of one thread's block: behind the activation, and behind each pool. Of as many channels as a
    // group of the next layer reads.
    struct Values {
        std::vector<Array<Lanes>> values, gradients;
        Array<Lanes> totals, products;  // by channel: sums for its slopes, lane by lane
    };
    // Of one block, for all channels.
    struct Sums {
        std::vector<Moments> moments;
        std::vector<Slopes> slopes;
    };

    Stage stage;
    std::vector<Pooling> pools;
    bool fleeting;
    Array<Lanes> convolved, deltas;  // what the norm reads, and gradients behind it
    std::vector<Values> finished;    // by thread
    std::vector<Sums> sums;          // by block
    std::vector<Affine> norms;       // by channel, like the next two
    std::vector<Moments> moments;
    std::vector<Backward> norm_gradients;
    Dropout dropout;

public:
    Tail(const Stage& stage, const Stage* next, const Pool* all_pools, int blocks, int threads)
        : stage(stage), pools(all_pools + stage.first_pool,
                              all_pools + stage.first_pool + stage.num_pools),
          fleeting(stage.is_bare(stage.dropout > 0) && stage.taps() <= FEW_TAPS && next &&
                   next->groups == 1),
          finished(threads), sums(blocks), norms(stage.out_channels), moments(stage.out_channels),
          norm_gradients(stage.out_channels) {
        size_t places = fleeting ? threads : blocks;
        convolved = zeros<Lanes>(places * stage.out_size());
        deltas = zeros<Lanes>(places * stage.out_size());
        int channels = next ? next->group_in() : stage.out_channels;
        for (Values& own : finished) {
            for (int i = 0; i <= stage.num_pools && !fleeting; i++) {
                int size = channels * (i ? pools[i - 1].out_plane() : stage.plane());
                own.values.push_back(zeros<Lanes>(size));
                own.gradients.push_back(zeros<Lanes>(size));
            }
            own.totals = zeros<Lanes>(channels);
            own.products = zeros<Lanes>(channels);
        }
        for (Sums& of : sums)
            of = {std::vector<Moments>(stage.out_channels), std::vector<Slopes>(stage.out_channels)};
    }

    // Whether what the convolution gives is computed wherever the next layer reads it and its
    // gradient is taken on at once, with nothing kept: it costs less than memory, and no norm waits
    // for the batch.
    bool is_fleeting() const { return fleeting; }
    bool has_norm() const { return stage.has_norm(); }
    Part all_channels() const { return {0, stage.out_channels}; }
    int out_size() const {
        return stage.out_channels * (pools.empty() ? stage.plane() : pools.back().out_plane());
    }

    // What the convolution gives, and the gradient behind the norm.
    Lanes* convolved_of(Part channels, int block, int thread) const {
        return convolved.get() + offset(channels, block, thread);
    }
    Lanes* deltas_of(Part channels, int block, int thread) const {
        return deltas.get() + offset(channels, block, thread);
    }
    Backward norm_gradient(int channel) const { return norm_gradients[channel]; }

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

    // What comes out at the end in some channels: norm, activation, dropout and pools.
    const Lanes* finish(Part channels, int block, int thread) {
        const Lanes* from = convolved_of(channels, block, thread);
        if (is_bare()) return from;
        Values& own = finished[thread];
        Lanes* to = own.values[0].get();
        for (int c = 0; c < channels.size; c++) {
            uint32_t number = number_of(channels.from + c, block);
            for (int i = 0; i < stage.plane(); i++) {
                fetch(from);
                *to++ = finished_value(*from++, norms[channels.from + c], number + i);
            }
        }
        for (size_t i = 0; i < pools.size(); i++)
            pools[i].forward(channels.size, own.values[i].get(), own.values[i + 1].get());
        return own.values.back().get();
    }

    // What `finish` or `go_back_row` found of these channels last.
    const Lanes* given(Part channels, int block, int thread) const {
        return is_bare() ? convolved_of(channels, block, thread)
                         : finished[thread].values.back().get();
    }

    // Where the gradient of what `finish` gave is to be put.
    Lanes* out_gradient(Part channels, int block, int thread) {
        return fleeting ? deltas_of(channels, block, thread)
                        : finished[thread].gradients.back().get();
    }

    // From that gradient to the one behind the norm.
    void go_back(Part channels, int block, int thread) {
        if (fleeting && stage.bias < 0) return;
        Lanes* gradients = out_gradient(channels, block, thread);
        Values& own = finished[thread];
        for (size_t i = pools.size(); i-- > 0;) {
            gradients = own.gradients[i].get();
            pools[i].backward(channels.size, own.values[i].get(), own.values[i + 1].get(),
                              own.gradients[i + 1].get(), gradients);
        }
        unfinish({0, stage.out_h}, channels, block, thread, gradients, stage.plane());
    }

    // Whether it goes back row by row, as each row's gradient is computed, and finds on the way
    // what `finish` would give: so neither is written to memory and read again. A pool waits for
    // all rows.
    bool goes_by_rows() const { return !fleeting && pools.empty(); }

    // Where a row's gradient is to be put, for `go_back_row`.
    Place out_row_gradient(Part channels, int block, int thread) {
        Lanes* at = out_gradient(channels, block, thread);
        if (goes_by_rows()) return {at, stage.out_w, 0};
        if (fleeting) return {at, stage.plane(), stage.out_w};
        return {at, pools.back().out_plane(), pools.back().out_width()};
    }

    // The same as `go_back` once it was called for each row, in their order.
    void go_back_row(Part channels, int block, int thread, int row) {
        if (goes_by_rows())
            unfinish({row, 1}, channels, block, thread, out_gradient(channels, block, thread),
                     stage.out_w);
        else if (row + 1 == (fleeting ? stage.out_h : pools.back().out_height()))
            go_back(channels, block, thread);
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

private:
    // Whether nothing follows the convolution in this step.
    bool is_bare() const { return stage.is_bare(dropout.drops()); }

    Lanes finished_value(Lanes convolved, Affine norm, uint32_t number) const {
        Lanes value = activate(stage.activation, convolved * norm.scale + norm.shift);
        return dropout.drops() ? value * dropout.factors(number) : value;
    }

    // Some rows' gradients behind the dropout, to those behind the norm.
    void unfinish(Part rows, Part channels, int block, int thread, const Lanes* gradients,
                  int gradient_plane) {
        Values& own = finished[thread];
        int begin = rows.from * stage.out_w, size = rows.size * stage.out_w;
        bool keeps = goes_by_rows() && !is_bare();
        for (int c = 0; c < channels.size; c++, gradients += gradient_plane) {
            int at = c * stage.plane() + begin, channel = channels.from + c;
            const Lanes* from = convolved_of(channels, block, thread) + at;
            Lanes* to = deltas_of(channels, block, thread) + at;
            Lanes* kept = keeps ? own.values[0].get() + at : nullptr;
            Affine norm = norms[channel];
            float mean = moments[channel].mean;
            uint32_t number = number_of(channel, block) + begin;
            Lanes total = begin ? own.totals[c] : Lanes{};
            Lanes products = begin ? own.products[c] : Lanes{};
            for (int i = 0; i < size; i++) {
                fetch(from + i);
                fetch_to_write(to + i);
                Lanes value = finished_value(from[i], norm, number + i);
                Lanes gradient = gradients[i];
                if (dropout.drops()) gradient *= dropout.factors(number + i);
                gradient = through_activation(stage.activation, value, gradient);
                if (kept) kept[i] = value;
                total += gradient;
                products += gradient * (from[i] - mean);
                to[i] = gradient;
            }
            own.totals[c] = total;
            own.products[c] = products;
            if (rows.from + rows.size == stage.out_h)
                sums[block].slopes[channel] = {sum(total), sum(products)};
        }
    }

    // Of a channel's first value, among all of the batch's.
    uint32_t number_of(int channel, int block) const {
        return block * stage.out_size() + channel * stage.plane();
    }
    size_t offset(Part channels, int block, int thread) const {
        return (size_t)(fleeting ? thread : block) * stage.out_size() +
               channels.from * stage.plane();
    }
};
