// A training step, or only the outputs, of a chain of convolutions, norms, activations and pools.
//
// Images go in blocks of LANES. In a block every value is one Lanes, and number l of it belongs to
// image l: no width of channel or image wastes a part of a vector, and norms, activations and pools
// are plain passes. A block fits into a core's own cache; threads take blocks as they come for
// them. What is summed over blocks is summed in their order, so that nothing depends on how many
// threads there are.

#include "descent.h"
#include "images.h"
#include "layer.h"
#include "team.h"

#include <utility>

namespace {

class Network {
    int blocks;
    Stage first;
    std::vector<Layer> layers;
    Team team;
    std::vector<Scratch> scratch;  // by thread
    Array<Lanes> images;           // by block
    std::vector<double> losses;    // by block
    std::vector<int> rights;

public:
    Network(const Stage* stages, int num_stages, const Pool* pools, int num_images, int threads)
        : blocks(num_images / LANES), first(stages[0]), team(threads, 2 * num_stages + 2),
          scratch(threads), images(zeros<Lanes>((size_t)blocks * first.in_size())), losses(blocks),
          rights(blocks) {
        for (int s = 0; s < num_stages; s++) {
            const Stage* next = s + 1 < num_stages ? stages + s + 1 : nullptr;
            layers.emplace_back(stages[s], next, pools, blocks, threads);
            for (Scratch& own : scratch) own.make_room(stages[s]);
        }
        for (Scratch& own : scratch) own.allocate();
    }

    // Mean loss in nats and how many are right; every parameter's gradient, and the norms' running
    // statistics one step on.
    std::pair<double, int64_t> step(const Batch& batch, Params params, Buffers buffers,
                                    Buffers gradients) {
        team.run([&](int thread) {
            int phase = 0;
            team.share(phase++, blocks, [&](int block) { take_block(batch, block); });
            team.meet([&] {
                pack(params);
                for (size_t s = 0; s < layers.size(); s++)
                    layers[s].tail.set_dropout(batch.seeds + s);
            });
            for (size_t s = 0; s < layers.size(); s++) {
                if (layers[s].tail.is_fleeting()) continue;
                team.share(phase++, blocks, [&](int block) {
                    convolve(s, block, thread, params);
                    if (layers[s].tail.has_norm()) layers[s].tail.measure_block(block, thread);
                });
                team.meet([&] {
                    if (layers[s].tail.has_norm()) layers[s].tail.set_norm(params, buffers);
                });
            }
            team.share(phase++, blocks, [&](int block) {
                score(batch, block, thread);
                last().go_back(last().all_channels(), block, thread);
            });
            team.meet([&] { last().set_norm_gradients(params, gradients); });
            for (size_t end = layers.size(); end > 0;) {
                size_t begin = end - 1;  // with the fleeting ones in front of it
                while (begin > 0 && layers[begin - 1].tail.is_fleeting()) begin--;
                team.share(phase++, blocks, [&](int block) {
                    for (size_t s = end; s-- > begin;) go_back(s, block, thread, params);
                });
                team.meet([&] {
                    for (size_t s = end; s-- > begin;) {
                        layers[s].add_weight_gradients(gradients);
                        if (s) layers[s - 1].tail.set_norm_gradients(params, gradients);
                    }
                });
                end = begin;
            }
        });
        std::pair<double, int64_t> score{0, 0};
        for (int b = 0; b < blocks; b++) {
            score.first += losses[b];
            score.second += rights[b];
        }
        return score;
    }

    // Outputs (n, classes), normalised by the running statistics.
    void infer(const Batch& batch, Params params, Buffers buffers, float* outputs) {
        pack(params);
        for (Layer& layer : layers) {
            layer.tail.set_running_norm(params, buffers);
            layer.tail.set_dropout(nullptr);
        }
        team.run([&](int thread) {
            team.share(0, blocks, [&](int block) {
                take_block(batch, block);
                for (size_t s = 0; s < layers.size(); s++)
                    if (!layers[s].tail.is_fleeting()) convolve(s, block, thread, params);
                const Lanes* given = finish_last(block, thread);
                int classes = last().out_size();
                for (int lane = 0; lane < LANES; lane++)
                    for (int c = 0; c < classes; c++)
                        outputs[(block * LANES + lane) * classes + c] = given[c][lane];
            });
        });
    }

private:
    void pack(Params params) {
        for (Layer& layer : layers) layer.pack(params);
    }

    void take_block(const Batch& batch, int block) {
        take_images(batch, block * LANES, first.in_channels, first.height, first.width,
                    images.get() + (size_t)block * first.in_size());
    }

    // What a layer's convolution gives.
    void convolve(size_t s, int block, int thread, Params params) {
        Layer& layer = layers[s];
        for (int group = 0; group < layer.groups(); group++) {
            layer.read(input_of(s, group, block, thread, params), scratch[thread]);
            layer.convolve_group(group, block, thread, params, scratch[thread]);
        }
    }

    // The gradients of a layer's weights, and the one behind the norm in front of it.
    void go_back(size_t s, int block, int thread, Params params) {
        Layer& layer = layers[s];
        Scratch& own = scratch[thread];
        for (int group = 0; group < layer.groups(); group++) {
            Part channels = layer.channels_in(group);
            Tail* before = s ? &layers[s - 1].tail : nullptr;
            const Lanes* input = nullptr;
            if (!before || !before->goes_by_rows())
                input = input_of(s, group, block, thread, params);
            layer.spread(group, block, thread, own);
            if (before) {
                layer.convolve_back(
                    group, own, before->out_row_gradient(channels, block, thread),
                    [&](int row) { before->go_back_row(channels, block, thread, row); });
                input = before->given(channels, block, thread);
            }
            layer.read(input, own);
            layer.weigh(group, block, own);
        }
    }

    Tail& last() { return layers.back().tail; }

    // What a group of a layer reads.
    const Lanes* input_of(size_t s, int group, int block, int thread, Params params) {
        Part channels = layers[s].channels_in(group);
        if (s == 0)
            return images.get() + (size_t)block * first.in_size() +
                   channels.from * first.height * first.width;
        if (layers[s - 1].tail.is_fleeting()) convolve(s - 1, block, thread, params);
        return layers[s - 1].tail.finish(channels, block, thread);
    }

    const Lanes* finish_last(int block, int thread) {
        return last().finish(last().all_channels(), block, thread);
    }

    // Cross-entropy of a block's outputs, and the outputs' gradient.
    void score(const Batch& batch, int block, int thread) {
        const Lanes* given = finish_last(block, thread);
        Lanes* gradient = last().out_gradient(last().all_channels(), block, thread);
        int classes = last().out_size(), num_images = blocks * LANES;
        double loss = 0;
        int num_right = 0;
        for (int lane = 0; lane < LANES; lane++) {
            const float* targets = batch.targets + (int64_t)(block * LANES + lane) * classes;
            int best = 0, label = 0;
            for (int c = 1; c < classes; c++) {
                if (given[c][lane] > given[best][lane]) best = c;
                if (targets[c] > targets[label]) label = c;
            }
            num_right += best == label;
            double total = 0, mass = 0, highest = given[best][lane];
            for (int c = 0; c < classes; c++) {
                total += std::exp(given[c][lane] - highest);
                mass += targets[c];
            }
            for (int c = 0; c < classes; c++) {
                double log_probability = given[c][lane] - highest - std::log(total);
                loss -= targets[c] * log_probability / num_images;
                gradient[c][lane] = (mass * std::exp(log_probability) - targets[c]) / num_images;
            }
        }
        losses[block] = loss;
        rights[block] = num_right;
    }
};

}  // namespace

extern "C" {

int mnistops_lanes() { return LANES; }

// nullptr where there is not enough memory.
void* mnistops_open(const Stage* stages, int num_stages, const Pool* pools, int num_images,
                    int threads) {
    try {
        return new Network(stages, num_stages, pools, num_images, threads);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void mnistops_close(void* network) { delete static_cast<Network*>(network); }

void mnistops_step(void* network, const Batch* batch, Params params, Buffers buffers,
                   Buffers gradients, double* loss, int64_t* num_right) {
    auto score = static_cast<Network*>(network)->step(*batch, params, buffers, gradients);
    *loss = score.first;
    *num_right = score.second;
}

void mnistops_infer(void* network, const Batch* batch, Params params, Buffers buffers,
                    float* outputs) {
    static_cast<Network*>(network)->infer(*batch, params, buffers, outputs);
}

// One step of `count` parameters of these sizes.
void mnistops_descend(int count, const int64_t* sizes, Buffers parameters, Buffers remembered,
                      Params gradients, float rate, float momentum, int is_nesterov) {
    Descent descent{rate, momentum, is_nesterov};
    for (int i = 0; i < count; i++)
        descent.step(parameters[i], gradients[i], remembered[i], sizes[i]);
}
}
