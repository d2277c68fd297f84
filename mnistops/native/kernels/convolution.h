// Convolutions and the gradients of their weights, in tiles whose sums stay in registers.
#pragma once

#include "part.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

// How a tile of a convolution walks, in Lanes unless said.
struct Walk {
    const std::vector<int>& taps;  // where each is in what is read, from the first
    int step;                      // from one output column to the next, in what is read
    int weight_step;               // from one tap's weights to the next, in floats
};

// CO output channels of PX neighbours in a row. Weights stand tap by tap, CO of them side by side.
// STEP is the walk's where it is told to the compiler, else 0.
template <int STEP, int CO, int PX>
void convolve_tile(const Walk& walk, const Lanes* in, const float* weights, const float* bias,
                   Lanes* out, int out_plane) {
    const int step = STEP ? STEP : walk.step;
    Lanes sums[CO][PX];
    for (int c = 0; c < CO; c++)
        for (int p = 0; p < PX; p++) sums[c][p] = Lanes{} + (bias ? bias[c] : 0.0f);
    const int* tap = walk.taps.data();
    const int weight_step = walk.weight_step;
    for (size_t left = walk.taps.size(); left > 0; left--, weights += weight_step) {
        const Lanes* at = in + *tap++;
        Lanes taken[PX];
        for (int p = 0; p < PX; p++) taken[p] = at[p * step];
        for (int c = 0; c < CO; c++)
            for (int p = 0; p < PX; p++) sums[c][p] += taken[p] * weights[c];
    }
    for (int c = 0; c < CO; c++)
        for (int p = 0; p < PX; p++) out[c * out_plane + p] = sums[c][p];
}

// How a tile of the weights' gradients walks over some rows of an image, in Lanes.
struct GradientWalk {
    int rows, columns;
    int step;                // from one column to the next, in both
    int row;                 // in what the convolution read
    int out_plane, out_row;  // in the gradient of what it gave
};

// Of CO output channels and T taps, each an offset in what was read, onto `totals` [CO][T].
template <int STEP, int CO, int T>
void weigh_tile(const GradientWalk& walk, const Lanes* in, const int* taps, const Lanes* out,
                Lanes* totals) {
    const int step = STEP ? STEP : walk.step;
    Lanes sums[CO][T];
    for (int c = 0; c < CO; c++)
        for (int t = 0; t < T; t++) sums[c][t] = totals[c * T + t];
    for (int y = 0; y < walk.rows; y++) {
        const Lanes* from[T];
        for (int t = 0; t < T; t++) from[t] = in + taps[t] + y * walk.row;
        const Lanes* to = out + y * walk.out_row;
        for (int x = 0; x < walk.columns; x++, to += step) {
            Lanes given[CO];
            for (int c = 0; c < CO; c++) given[c] = to[c * walk.out_plane];
            for (int t = 0; t < T; t++) {
                Lanes taken = from[t][x * step];
                for (int c = 0; c < CO; c++) sums[c][t] += taken * given[c];
            }
        }
    }
    for (int c = 0; c < CO; c++)
        for (int t = 0; t < T; t++) totals[c * T + t] = sums[c][t];
}

// The widest tiles: with what they read, their sums fill the 32 registers of AVX-512.
constexpr int MOST_CO = 5, MOST_PX = 14, MOST_T = 9;
constexpr int most_columns(int co) {
    return co >= 5 ? 4 : co == 4 ? 5 : co == 3 ? 7 : co == 2 ? 8 : MOST_PX;
}
constexpr int most_taps(int co) { return co >= 3 ? 5 : MOST_T; }

using ConvolveTile = decltype(&convolve_tile<0, 1, 1>);
using WeighTile = decltype(&weigh_tile<0, 1, 1>);

template <int STEP, int CO, int... PX>
constexpr auto convolve_row(std::integer_sequence<int, PX...>) {
    // A tile that is too wide is never asked for; none is made.
    return std::array<ConvolveTile, MOST_PX>{
        &convolve_tile<STEP, CO, (PX < most_columns(CO) ? PX + 1 : 1)>...};
}
template <int STEP, int... CO>
constexpr auto convolve_table(std::integer_sequence<int, CO...>) {
    return std::array<std::array<ConvolveTile, MOST_PX>, MOST_CO>{
        convolve_row<STEP, CO + 1>(std::make_integer_sequence<int, MOST_PX>())...};
}
template <int STEP, int CO, int... T>
constexpr auto weigh_row(std::integer_sequence<int, T...>) {
    return std::array<WeighTile, MOST_T>{
        &weigh_tile<STEP, CO, (T < most_taps(CO) ? T + 1 : 1)>...};
}
template <int STEP, int... CO>
constexpr auto weigh_table(std::integer_sequence<int, CO...>) {
    return std::array<std::array<WeighTile, MOST_T>, MOST_CO>{
        weigh_row<STEP, CO + 1>(std::make_integer_sequence<int, MOST_T>())...};
}
// By output channels and by columns or taps, each less 1.
constexpr auto CONVOLVE = convolve_table<0>(std::make_integer_sequence<int, MOST_CO>());
constexpr auto CONVOLVE_DENSE = convolve_table<1>(std::make_integer_sequence<int, MOST_CO>());
constexpr auto WEIGH = weigh_table<0>(std::make_integer_sequence<int, MOST_CO>());
constexpr auto WEIGH_DENSE = weigh_table<1>(std::make_integer_sequence<int, MOST_CO>());

// n in as few parts of at most `most` as there can be, as even as they can be.
inline std::vector<Part> parts_of(int n, int most) {
    std::vector<Part> parts;
    int count = (n + most - 1) / most;
    for (int i = 0, from = 0; i < count; from += parts[i++].size)
        parts.push_back({from, n / count + (i < n % count)});
    return parts;
}

// A whole convolution of `in`, `row` Lanes from one output row to the next; `after` is told the
// number of each row that is done.
template <typename After>
void convolve(const Walk& walk, int out_channels, int out_h, int out_w, int row, const Lanes* in,
              const float* weights, const float* bias, Place out, After after) {
    auto channels = parts_of(out_channels, MOST_CO);
    auto columns = parts_of(out_w, most_columns(channels.front().size));
    auto& tiles = walk.step == 1 ? CONVOLVE_DENSE : CONVOLVE;
    for (int y = 0; y < out_h; y++) {
        for (auto [x, px] : columns)
            for (auto [c, co] : channels)
                tiles[co - 1][px - 1](walk, in + y * row + x * walk.step, weights + c,
                                      bias ? bias + c : nullptr,
                                      out.at + c * out.plane + y * out.row + x, out.plane);
        after(y);
    }
}

// The gradients of all weights (out_channels, taps) over a block; `totals` is room for as many.
inline void weigh_all(GradientWalk walk, const Lanes* in, const std::vector<int>& taps,
                      const Lanes* out, int out_channels, Lanes* totals, float* gradients) {
    auto channel_parts = parts_of(out_channels, MOST_CO);
    auto tap_parts = parts_of(taps.size(), most_taps(channel_parts.front().size));
    // As many rows at a time as leave room in a core's first cache, of 32 KiB and more.
    int row_bytes = sizeof(Lanes) * out_channels * walk.out_row;
    auto row_parts = parts_of(walk.rows, std::max(1, 24 * 1024 / row_bytes));
    auto& tiles = walk.step == 1 ? WEIGH_DENSE : WEIGH;
    std::memset(totals, 0, sizeof(Lanes) * out_channels * taps.size());
    for (auto [y, rows] : row_parts) {
        walk.rows = rows;
        Lanes* at = totals;
        for (auto [t, num_taps] : tap_parts)
            for (auto [c, co] : channel_parts) {
                tiles[co - 1][num_taps - 1](walk, in + y * walk.row, taps.data() + t,
                                            out + c * walk.out_plane + y * walk.out_row, at);
                at += co * num_taps;
            }
    }
    for (auto [t, num_taps] : tap_parts)
        for (auto [c, co] : channel_parts)
            for (int i = 0; i < co; i++)
                for (int j = 0; j < num_taps; j++)
                    gradients[(c + i) * taps.size() + t + j] = sum(*totals++);
}
