// A batch as Python hands it over, and one image of it, warped and normalised.
#pragma once

#include <cmath>
#include <cstdint>

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

// The value between pixels at (across, down) of a plane, the middle of the first at (0, 0), black
// outside. As torch's grid_sample, halves go to the even neighbour.
inline float sample(const uint8_t* plane, int height, int width, float across, float down,
                    bool is_bilinear) {
    auto pixel = [&](int y, int x) -> float {
        return y >= 0 && y < height && x >= 0 && x < width ? plane[y * width + x] : 0;
    };
    // Also what is no number, of a point on the horizon.
    if (!(across > -1 && across < width && down > -1 && down < height)) return 0;
    if (!is_bilinear) return pixel((int)std::nearbyint(down), (int)std::nearbyint(across));
    int y = (int)std::floor(down), x = (int)std::floor(across);
    float v = down - y, u = across - x;
    return (pixel(y, x) * (1 - u) + pixel(y, x + 1) * u) * (1 - v) +
           (pixel(y + 1, x) * (1 - u) + pixel(y + 1, x + 1) * u) * v;
}

// One image, handed over value by value to `put(place, value)`.
template <typename Put>
void take_image(const Batch& batch, int number, int channels, int height, int width, Put put) {
    int plane = height * width, size = channels * plane;
    if (batch.pixels) {
        for (int i = 0; i < size; i++) put(i, batch.pixels[(int64_t)number * size + i]);
        return;
    }
    const uint8_t* image = batch.images + batch.indices[number] * size;
    const float* m = batch.transforms + 9 * (int64_t)number;
    float scale = 1 / (255 * batch.deviation), shift = -batch.mean / batch.deviation;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            float px = x + 0.5f, py = y + 0.5f;
            float depth = m[6] * px + m[7] * py + m[8];
            float across = (m[0] * px + m[1] * py + m[2]) / depth - 0.5f;
            float down = (m[3] * px + m[4] * py + m[5]) / depth - 0.5f;
            for (int c = 0; c < channels; c++) {
                float value = sample(image + c * plane, height, width, across, down,
                                     batch.is_bilinear);
                put(c * plane + y * width + x, value * scale + shift);
            }
        }
}
