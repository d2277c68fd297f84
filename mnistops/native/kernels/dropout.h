// Dropout: which values of a layer are dropped, known from their number and the step's seed, so
// that the way back finds the same ones.
#pragma once

#include "lanes.h"

#include <cstdint>

typedef uint32_t Numbers __attribute__((vector_size(sizeof(uint32_t) * LANES)));

struct Dropout {
    uint32_t threshold = 0;  // of 2^32: the probability
    uint32_t seed = 0;       // of this step

    bool drops() const { return threshold > 0; }

    // 0 for each that is dropped, else what keeps the mean: value number `at` of LANES images.
    Lanes factors(uint32_t at) const {
        Numbers x{};
        for (int lane = 0; lane < LANES; lane++) x[lane] = lane;
        x = (x + at * LANES) * 0x9e3779b9u + seed;
        // lowbias32, https://nullprogram.com/blog/2018/07/31/
        x ^= x >> 16;
        x *= 0x7feb352du;
        x ^= x >> 15;
        x *= 0x846ca68bu;
        x ^= x >> 16;
        Lanes kept = Lanes{} + 1 / (1 - threshold * 0x1p-32f);
        return x >= threshold ? kept : Lanes{};
    }
};
