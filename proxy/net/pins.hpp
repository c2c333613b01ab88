#pragma once
// Counts the exchanges that still read an object which may have left the snapshot: one counter a worker, written by that
// worker alone with plain load and store, so the hot path pays no read-modify-write. The control thread frees the object
// when it has left every snapshot that a worker may hold and no counter is left above zero.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace cardea::net {

class Pins {
public:
    explicit Pins(std::size_t workers) : workers_(workers), counters_(std::make_unique<Counter[]>(workers)) {}

    void add(std::size_t worker) {
        auto& value = counters_[worker].value;
        value.store(value.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
    void drop(std::size_t worker) {
        auto& value = counters_[worker].value;
        value.store(value.load(std::memory_order_relaxed) - 1, std::memory_order_release);
    }
    [[nodiscard]] bool any() const {
        for (std::size_t i = 0; i < workers_; ++i) {
            if (counters_[i].value.load(std::memory_order_acquire) != 0) {
                return true;
            }
        }
        return false;
    }

private:
    struct alignas(64) Counter {
        std::atomic<std::uint32_t> value{0};
    };
    std::size_t workers_;
    std::unique_ptr<Counter[]> counters_;
};

}  // namespace cardea::net
