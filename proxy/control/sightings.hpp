#pragma once
// What the workers saw, on its way to the control thread: a bounded queue that drops and counts when flooded.

#include "proxy/snapshot/worker_port.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

namespace cardea::control {

struct Seen {
    balance::EndpointState* endpoint{nullptr};
    snapshot::Sighting sighting{};
};

class Sightings {
public:
    static constexpr std::size_t capacity = 4096;

    /// Any thread. True when the control thread must be told that something waits.
    bool push(const Seen& seen) {
        const std::lock_guard lock(mutex_);
        ++counted_;
        if (waiting_.size() == capacity) {
            ++dropped_;
            return false;
        }
        waiting_.push_back(seen);
        return waiting_.size() == 1;
    }
    /// Control thread: everything that waits.
    std::vector<Seen> take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(waiting_, {});
    }
    struct Counts {
        std::uint64_t seen{0}, dropped{0};
    };
    [[nodiscard]] Counts counts() const {
        const std::lock_guard lock(mutex_);
        return {counted_, dropped_};
    }

private:
    mutable std::mutex mutex_{};  ///< guards all below; held for a push_back or a swap, on failures only
    std::vector<Seen> waiting_{};
    std::uint64_t counted_{0}, dropped_{0};
};

}  // namespace cardea::control
