#include "proxy/upstream/queue.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace cardea::upstream {
namespace {

std::int64_t since_epoch(config::TimePoint now) {
    return std::max<std::int64_t>(std::chrono::duration_cast<config::Duration>(now.time_since_epoch()).count(), 1);
}

}  // namespace

void Queue::members_changed(bool any, config::TimePoint now) {
    if (any) {
        lost_ms_.store(has_one, std::memory_order_relaxed);
    } else if (any_) {
        lost_ms_.store(since_epoch(now), std::memory_order_relaxed);
    }
    any_ = any;
}

Queue::Entry Queue::enter(const config::Queue& limits, std::uint64_t bytes, bool vacant, config::TimePoint now) {
    if (limits.requests == 0) {
        return Entry::closed;
    }
    if (vacant) {
        std::int64_t lost = has_one;
        lost_ms_.compare_exchange_strong(lost, since_epoch(now), std::memory_order_relaxed);
        if (lost == never || (lost != has_one && since_epoch(now) - lost > limits.grace.count())) {
            return Entry::closed;
        }
    }
    const bool too_many = requests_.fetch_add(1, std::memory_order_relaxed) >= limits.requests;
    const bool too_large = bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes > limits.bytes.count;
    if (too_many || too_large) {
        leave(bytes);
        return Entry::full;
    }
    return Entry::in;
}

void Queue::leave(std::uint64_t bytes) {
    requests_.fetch_sub(1, std::memory_order_relaxed);
    bytes_.fetch_sub(bytes, std::memory_order_relaxed);
}

void Queue::occupied() {
    lost_ms_.store(has_one, std::memory_order_relaxed);
}

}  // namespace cardea::upstream
