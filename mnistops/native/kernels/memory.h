// Memory for Lanes, at addresses that their instructions can take.
#pragma once

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

struct Free {
    void operator()(void* memory) const { std::free(memory); }
};
template <typename T>
using Array = std::unique_ptr<T[], Free>;

// So many zeros, or at least one.
template <typename T>
Array<T> zeros(size_t count) {
    size_t bytes = ((count ? count : 1) * sizeof(T) + 63) / 64 * 64;
    void* memory = std::aligned_alloc(64, bytes);
    if (!memory) throw std::bad_alloc();
    std::memset(memory, 0, bytes);
    return Array<T>(static_cast<T*>(memory));
}
