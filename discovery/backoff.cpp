#include "discovery/backoff.hpp"

#include <algorithm>

namespace cardea::discovery {

config::Duration Backoff::next() {
    const auto ceiling = ceiling_.count();
    ceiling_ = std::min(ceiling_ * 2, cap_);
    std::uniform_int_distribution<config::Duration::rep> spread((ceiling + 1) / 2, ceiling);
    return config::Duration{spread(random_)};
}

config::TimePoint TokenBucket::take(config::TimePoint now) {
    if (tokens_ < burst_ && now > filled_at_) {
        const auto gained = (now - filled_at_) / refill_;
        if (gained >= static_cast<std::int64_t>(burst_ - tokens_)) {
            tokens_ = burst_;
        } else {
            tokens_ += static_cast<std::uint32_t>(gained);
            filled_at_ += gained * refill_;
        }
    }
    if (tokens_ == burst_) {
        filled_at_ = now;
    }
    if (tokens_ > 0) {
        --tokens_;
        return now;
    }
    filled_at_ += refill_;  // the token that is yet to come
    return filled_at_;
}

}  // namespace cardea::discovery
