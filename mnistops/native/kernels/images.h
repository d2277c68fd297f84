// A batch as Python hands it over, and a block of its images, warped and normalised.
#pragma once

#include "lanes.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

struct Batch {
    const uint8_t* images;    // the whole set (N, C, H, W)
    const int64_t* indices;   // of the batch's in it (n,)
    const float* transforms;  // (n, 3, 3), from a point of the warped image to the original's
    const float* pixels;      // (n, C, H, W), normalised: in place of the three above
    const float* targets;     // probabilities (n, classes); none to infer
    const uint32_t* seeds;    // of each stage's dropout; none to infer
    float mean, deviation;    // of pixels in 0..1
    int32_t is_bilinear;      // else the nearest pixel is taken
};

// Images of one block, black all around, to be warped together.
class Warp {
    int channels, height, width, row, plane;  // row and plane: with the black pixels around
    bool is_bilinear;
    std::vector<uint8_t> pixels;  // of each lane, channel, row
    Lanes matrix[9];
    int origins[LANES];  // of each lane's images, the pixel at (0, 0)

public:
    Warp(const Batch& batch, int first, int channels, int height, int width)
        : channels(channels), height(height), width(width), row(width + 2),
          plane((height + 2) * (width + 2)), is_bilinear(batch.is_bilinear),
          pixels((size_t)LANES * channels * plane) {
        for (int lane = 0; lane < LANES; lane++) {
            for (int i = 0; i < 9; i++)
                matrix[i][lane] = batch.transforms[9 * (int64_t)(first + lane) + i];
            origins[lane] = lane * channels * plane + row + 1;
            const uint8_t* from =
                batch.images + batch.indices[first + lane] * channels * height * width;
            for (int c = 0; c < channels; c++)
                for (int y = 0; y < height; y++, from += width)
                    std::memcpy(&pixels[origins[lane] + c * plane + y * row], from, width);
        }
    }

    // Shades, 0..255, at a place of the warped images, handed over channel by channel to `put`.
    template <typename Put>
    void at(int y, int x, Put put) const {
        float px = x + 0.5f, py = y + 0.5f;
        Lanes depth = matrix[6] * px + matrix[7] * py + matrix[8];
        Lanes across = (matrix[0] * px + matrix[1] * py + matrix[2]) / depth - 0.5f;
        Lanes down = (matrix[3] * px + matrix[4] * py + matrix[5]) / depth - 0.5f;
        // Beyond the black pixels all is black, and on the horizon, where it is no number.
        auto is_inside = (across > -1.0f) & (across < (float)width) & (down > -1.0f) &
                         (down < (float)height);
        across = is_inside ? across : Lanes{} - 1.0f;
        down = is_inside ? down : Lanes{} - 1.0f;
        if (is_bilinear)
            mix(across, down, put);
        else
            pick(across, down, put);
    }

private:
    template <typename Put>
    void mix(Lanes across, Lanes down, Put put) const {
        LaneInts x = floor(across), y = floor(down);
        Lanes u = across - floats(x), v = down - floats(y);
        LaneInts at = y * row + x;
        for (int c = 0; c < channels; c++) {
            LaneInts upper{}, lower{};  // two neighbours each, the left one in the low byte
            for (int lane = 0; lane < LANES; lane++) {
                const uint8_t* pair = &pixels[origins[lane] + c * plane + at[lane]];
                upper[lane] = pair[0] | pair[1] << 8;
                lower[lane] = pair[row] | pair[row + 1] << 8;
            }
            put(c, (floats(upper & 255) * (1.0f - u) + floats(upper >> 8) * u) * (1.0f - v) +
                       (floats(lower & 255) * (1.0f - u) + floats(lower >> 8) * u) * v);
        }
    }
    template <typename Put>
    void pick(Lanes across, Lanes down, Put put) const {
        LaneInts at = nearest(down) * row + nearest(across);
        for (int c = 0; c < channels; c++) {
            LaneInts shades{};
            for (int lane = 0; lane < LANES; lane++)
                shades[lane] = pixels[origins[lane] + c * plane + at[lane]];
            put(c, floats(shades));
        }
    }
};

// A block of images, normalised, from the batch's image `first` on.
inline void take_images(const Batch& batch, int first, int channels, int height, int width,
                        Lanes* to) {
    int plane = height * width, size = channels * plane;
    if (batch.pixels) {
        for (int lane = 0; lane < LANES; lane++)
            for (int i = 0; i < size; i++)
                to[i][lane] = batch.pixels[(int64_t)(first + lane) * size + i];
        return;
    }
    Warp warp(batch, first, channels, height, width);
    float scale = 1 / (255 * batch.deviation), shift = -batch.mean / batch.deviation;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++, to++)
            warp.at(y, x, [&](int c, Lanes shades) { to[c * plane] = shades * scale + shift; });
}
