// Team: threads that go through the phases of a step together.
#pragma once

#include <atomic>
#include <memory>
#include <system_error>
#include <thread>
#include <vector>

class Team {
    int count, phases;
    std::unique_ptr<std::atomic<int>[]> next;  // part of each phase that nobody has taken yet
    std::atomic<int> present{0}, waiting{0}, round{0};

public:
    Team(int count, int phases)
        : count(count), phases(phases), next(new std::atomic<int>[phases]) {}

    // Run work(thread) in each thread, this one among them; in fewer where the system gives no more.
    template <typename Work>
    void run(Work work) {
        for (int i = 0; i < phases; i++) next[i] = 0;
        present = 0;  // nobody begins before it is known how many there are
        auto join_in = [&](int thread) {
            while (!present) std::this_thread::yield();
            work(thread);
        };
        std::vector<std::thread> others;
        others.reserve(count);
        try {
            for (int t = 1; t < count; t++) others.emplace_back(join_in, t);
        } catch (const std::system_error&) {
        }
        present = others.size() + 1;
        work(0);
        for (auto& other : others) other.join();
    }

    // Share out the parts of a phase as threads come for them.
    template <typename Work>
    void share(int phase, int parts, Work work) {
        for (int part; (part = next[phase]++) < parts;) work(part);
    }

    // Wait until all have come here; the last one does what is to be done before they go on.
    template <typename Work>
    void meet(Work work) {
        int now = round.load();
        if (waiting.fetch_add(1) == present - 1) {
            work();
            waiting = 0;
            round++;
            return;
        }
        // A meeting is short unless another program has the core.
        for (int spins = 0; round.load(std::memory_order_acquire) == now; spins++)
            if (spins > 2000) std::this_thread::yield();
    }
};
