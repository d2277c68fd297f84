// Scratch: one thread's room for what is computed anew for each group of channels, as large as the
// largest layer's.
#pragma once

#include "lanes.h"
#include "memory.h"
#include "stage.h"

#include <algorithm>

struct Scratch {
    size_t input_size = 0, spread_size = 0, num_totals = 0;
    const Lanes* input = nullptr;  // what a convolution reads, padded: a layer's own, or `padded`
    Array<Lanes> padded;
    Array<Lanes> spread;  // the gradient of what it gave, a stride apart, padded
    Array<Lanes> totals;  // its weights' gradients, lane by lane

    void make_room(const Stage& stage) {
        auto widen = [](size_t& size, size_t needed) { size = std::max(size, needed); };
        if (stage.is_padded())
            widen(input_size, (size_t)stage.group_in() * stage.padded_h() * stage.padded_w());
        widen(spread_size, (size_t)stage.group_out() * stage.spread_h() * stage.spread_w());
        widen(num_totals, stage.group_out() * stage.taps());
    }
    void allocate() {
        padded = zeros<Lanes>(input_size);
        spread = zeros<Lanes>(spread_size);
        totals = zeros<Lanes>(num_totals);
    }
};
