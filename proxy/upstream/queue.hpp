#pragma once
// The requests of one service that wait because it has just lost its last endpoint, as the whole process counts them: how
// many, how large, and since when nobody is there. Who waits where is the workers' affair. Relaxed atomics, any thread.

#include "config/config.hpp"

#include <atomic>
#include <cstdint>

namespace cardea::upstream {

class Queue {
public:
    /// Control thread, when the membership or its eligibility changed: whether there is anybody to ask now.
    void members_changed(bool any, config::TimePoint now);

    enum class Entry : std::uint8_t {
        in,
        closed,  ///< switched off, the loss is too long ago, or there never was an endpoint
        full,    ///< one of the limits
    };
    /// A request of which `bytes` are held. `vacant`: nobody is there, which a worker may see before control does; otherwise
    /// it only keeps its place behind those that already wait. What is in leaves once, with the same number of bytes.
    [[nodiscard]] Entry enter(const config::Queue& limits, std::uint64_t bytes, bool vacant, config::TimePoint now);
    void leave(std::uint64_t bytes);
    /// One was let through to an endpoint.
    void occupied();

    [[nodiscard]] std::uint32_t requests() const { return requests_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

private:
    static constexpr std::int64_t never = -1;  ///< had an endpoint
    static constexpr std::int64_t has_one = 0;
    std::atomic<std::int64_t> lost_ms_{never};  ///< when the last endpoint went, of the steady clock's epoch
    std::atomic<std::uint32_t> requests_{0};
    std::atomic<std::uint64_t> bytes_{0};
    bool any_{false};  ///< control thread
};

}  // namespace cardea::upstream
