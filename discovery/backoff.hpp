#pragma once
// How long to wait before asking again: growing pauses with jitter after failures, and a bucket that bounds the rate of
// answers that come too easily. Values; the time is given.

#include "config/units.hpp"

#include <cstdint>
#include <random>

namespace cardea::discovery {

/// Doubles from `first` up to `cap`; each pause is drawn from its upper half, so that many clients spread out and
/// none of them ever asks at once.
class Backoff {
public:
    /// Requires: 0 < first <= cap.
    Backoff(config::Duration first, config::Duration cap, std::uint64_t seed) : first_(first), cap_(cap), ceiling_(first), random_(seed) {}

    config::Duration next();
    void reset() { ceiling_ = first_; }

private:
    config::Duration first_, cap_, ceiling_;
    std::mt19937_64 random_;
};

/// A token bucket: `burst` requests at once, then one each `refill`.
class TokenBucket {
public:
    TokenBucket(std::uint32_t burst, config::Duration refill) : burst_(burst), refill_(refill), tokens_(burst) {}

    /// The time at which the next request may go, not before `now`; takes the token for it.
    config::TimePoint take(config::TimePoint now);

private:
    std::uint32_t burst_;
    config::Duration refill_;
    std::uint32_t tokens_;
    config::TimePoint filled_at_{};  ///< when the last token that counts came in; meaningless while the bucket is full
};

}  // namespace cardea::discovery
