#include "proxy/upstream/first_byte_times.hpp"

#include <algorithm>
#include <chrono>

namespace cardea::upstream {
namespace {

constexpr std::chrono::seconds forget_every{10};

/// Upper bounds: two steps an octave.
constexpr std::array<std::int64_t, 23> bounds_ms{32,   45,   64,   91,   128,  181,   256,   362,   512,   724,   1024, 1448,
                                                 2048, 2896, 4096, 5793, 8192, 11585, 16384, 23170, 32768, 46341, 65536};

template <typename Unit>
std::int64_t whole(config::TimePoint now, Unit unit) {
    return now.time_since_epoch() / unit;
}

}  // namespace

FirstByteTimes::FirstByteTimes(std::size_t workers) : workers_(workers), seats_(std::make_unique<Seat[]>(workers)) {}

void FirstByteTimes::count(std::size_t worker, config::TimePoint::duration took, config::TimePoint now) {
    Seat& seat = seats_[worker];
    if (const std::int64_t period = whole(now, forget_every); period != seat.halved.load(std::memory_order_relaxed)) {
        seat.halved.store(period, std::memory_order_relaxed);
        for (auto& one : seat.counts) {
            one.store(one.load(std::memory_order_relaxed) / 2, std::memory_order_relaxed);
        }
    }
    const std::int64_t ms = std::chrono::duration_cast<config::Duration>(took).count();
    const auto bucket = ms < bounds_ms[0] ? 0 : static_cast<std::size_t>(std::ranges::upper_bound(bounds_ms, ms) - bounds_ms.begin());
    auto& counter = seat.counts[bucket];
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

config::Duration FirstByteTimes::p99() const {
    std::array<std::uint64_t, buckets> sums{};
    std::uint64_t total = 0;
    for (std::size_t worker = 0; worker < workers_; ++worker) {
        for (std::size_t i = 0; i < buckets; ++i) {
            const std::uint64_t count = seats_[worker].counts[i].load(std::memory_order_relaxed);
            sums[i] += count;
            total += count;
        }
    }
    std::uint64_t above = 0;
    for (std::size_t i = buckets; i-- > 1;) {
        above += sums[i];
        if (above * 100 > total) {
            return config::Duration{bounds_ms[std::min(i, bounds_ms.size() - 1)]};
        }
    }
    return config::Duration{0};
}

config::Duration FirstByteTimes::patience(config::TimePoint now) {
    const std::int64_t second = whole(now, std::chrono::seconds{1});
    if (made_.exchange(second, std::memory_order_relaxed) != second) {
        patience_ms_.store(std::max(least_patience, 3 * p99()).count(), std::memory_order_relaxed);
    }
    return config::Duration{patience_ms_.load(std::memory_order_relaxed)};
}

}  // namespace cardea::upstream
