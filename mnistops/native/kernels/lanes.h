// Lanes: one number of each of some images, the unit in which everything here is computed.
#pragma once

#if defined(__AVX512F__)
constexpr int LANES = 16;
#elif defined(__AVX__)
constexpr int LANES = 8;
#else
constexpr int LANES = 4;
#endif

typedef float Lanes __attribute__((vector_size(sizeof(float) * LANES)));

typedef int LaneInts __attribute__((vector_size(sizeof(int) * LANES)));

inline Lanes floats(LaneInts values) { return __builtin_convertvector(values, Lanes); }

inline LaneInts floor(Lanes values) {
    LaneInts whole = __builtin_convertvector(values, LaneInts);
    return whole + (floats(whole) > values);  // true is -1
}

// Of values far below 2^22, as torch's grid_sample: halves go to the even neighbour.
inline LaneInts nearest(Lanes values) {
    Lanes whole = (values + 0x1.8p23f) - 0x1.8p23f;  // which has no room for a fraction
    return __builtin_convertvector(whole, LaneInts);
}

inline float sum(Lanes values) {
    float total = 0;
    for (int lane = 0; lane < LANES; lane++) total += values[lane];
    return total;
}

// Fetch what a pass over memory comes to soon; the processor's own guess stops at each page.
inline void fetch(const Lanes* soon) { __builtin_prefetch(soon + 48); }
inline void fetch_to_write(const Lanes* soon) { __builtin_prefetch(soon + 48, 1); }
