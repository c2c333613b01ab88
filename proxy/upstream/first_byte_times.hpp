#pragma once
// How long the endpoints of one service take for the first byte of an answer, as a rough histogram that forgets: each
// worker writes its own counters (relaxed load and store), who wants to know sums them. Any thread may ask.

#include "config/units.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace cardea::upstream {

class FirstByteTimes {
public:
    static constexpr config::Duration least_patience{100};

    explicit FirstByteTimes(std::size_t workers);
    /// A dozen instructions; once in ten seconds the worker's counters are halved.
    void count(std::size_t worker, config::TimePoint::duration took, config::TimePoint now);
    /// How long a request may wait before its endpoint's silence is suspicious: three times the 99th percentile, at least
    /// least_patience. Made anew at most once a second, by whoever asks.
    [[nodiscard]] config::Duration patience(config::TimePoint now);

private:
    static constexpr std::size_t buckets = 24;  ///< the first up to 32 ms, then each 1.41 times the one before: to 65 s
    struct alignas(64) Seat {
        std::array<std::atomic<std::uint32_t>, buckets> counts{};
        std::atomic<std::int64_t> halved{0};  ///< in units of forget_every
    };
    [[nodiscard]] config::Duration p99() const;
    std::size_t workers_;
    std::unique_ptr<Seat[]> seats_;
    std::atomic<std::int64_t> made_{-1};  ///< the second for which `patience_ms_` was made
    std::atomic<std::int64_t> patience_ms_{least_patience.count()};
};

}  // namespace cardea::upstream
