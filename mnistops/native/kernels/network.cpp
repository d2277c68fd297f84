// A training step, or only the outputs, of a chain of convolutions, norms, activations and pools.
//
// Images go in blocks of LANES. In a block every value is one Lanes, and number l of it belongs to
// image l: no width of channel or image wastes a part of a vector, and norms, activations and pools
// are plain passes. A block fits into a core's own cache; threads take blocks as they come for
// them. What is summed over blocks is summed in their order, so that nothing depends on how many
// threads there are.

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
            layers.emplace_back(stages[s], pools, blocks, threads);
            for (Scratch& own : scratch) own.make_room(stages[s]);
        }
        for (Scratch& own : scratch) own.allocate();
    }

    // Mean loss in nats and how many are right; every parameter's gradient, and the norms' running
    // statistics one step on.
    std::pair<double, int64_t> step(const Batch& batch, Params params, Buffers buffers,
                                    Buffers gradients) {
        team.run([&](int thread) {
            Scratch& own = scratch[thread];
            int phase = 0;
            team.share(phase++, blocks, [&](int block) { take_block(batch, block); });
            team.meet([&] {
                pack(params);
                for (size_t s = 0; s < layers.size(); s++) layers[s].set_dropout(batch.seeds + s);
            });
            for (size_t s = 0; s < layers.size(); s++) {
                team.share(phase++, blocks, [&](int block) {
                    layers[s].read(input_of(s, block, thread), own);
                    layers[s].convolve_block(block, params, own);
                    if (layers[s].has_norm()) layers[s].measure_block(block);
                });
                team.meet([&] {
                    if (layers[s].has_norm()) layers[s].set_norm(params, buffers);
                });
            }
            team.share(phase++, blocks, [&](int block) {
                score(batch, block, thread);
                layers.back().unfinish(block, thread);
            });
            team.meet([&] { layers.back().set_norm_gradients(params, gradients); });
            for (size_t s = layers.size(); s-- > 0;) {
                team.share(phase++, blocks, [&](int block) {
                    layers[s].read(input_of(s, block, thread), own);
                    layers[s].spread(block, own);
                    layers[s].weigh(block, own);
                    if (s == 0) return;
                    layers[s].convolve_back(own, layers[s - 1].out_gradient(thread));
                    layers[s - 1].unfinish(block, thread);
                });
                team.meet([&] {
                    layers[s].add_weight_gradients(gradients);
                    if (s) layers[s - 1].set_norm_gradients(params, gradients);
                });
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
            layer.set_running_norm(params, buffers);
            layer.set_dropout(nullptr);
        }
        team.run([&](int thread) {
            team.share(0, blocks, [&](int block) {
                take_block(batch, block);
                for (size_t s = 0; s < layers.size(); s++) {
                    layers[s].read(input_of(s, block, thread), scratch[thread]);
                    layers[s].convolve_block(block, params, scratch[thread]);
                }
                const Lanes* given = layers.back().finish(block, thread);
                int classes = layers.back().out_size();
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
        Lanes* to = images.get() + (size_t)block * first.in_size();
        for (int lane = 0; lane < LANES; lane++)
            take_image(batch, block * LANES + lane, first.in_channels, first.height, first.width,
                       [&](int place, float value) { to[place][lane] = value; });
    }

    const Lanes* input_of(size_t s, int block, int thread) {
        return s ? layers[s - 1].finish(block, thread)
                 : images.get() + (size_t)block * first.in_size();
    }

    // Cross-entropy of a block's outputs, and the outputs' gradient.
    void score(const Batch& batch, int block, int thread) {
        const Lanes* given = layers.back().finish(block, thread);
        Lanes* gradient = layers.back().out_gradient(thread);
        int classes = layers.back().out_size(), num_images = blocks * LANES;
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
}
