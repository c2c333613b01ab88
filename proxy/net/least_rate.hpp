#pragma once
// How far a peer may lag behind a least rate. Bytes buy time, so a burst may be followed by a pause, but never by a longer one
// than `longest`: who once was quick is not waited for all day. The clock stands while it is not the peer's turn. Pure.

#include "config/units.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace cardea::net {

class LeastRate {
public:
    LeastRate() = default;  ///< asks for nothing
    /// Stands still until it is told to run; 0 bytes a second ask for nothing.
    LeastRate(config::Bytes a_second, config::Duration grace, config::Duration longest)
        : a_second_(static_cast<double>(a_second.count)), left_(grace), longest_(std::max(grace, longest)) {}

    /// Whether it is the peer's turn.
    void run(bool on, config::TimePoint now) {
        if (on != running_) {
            running_ = on;
            if (on) {
                until_ = now + left_;
            } else {
                left_ = until_ - now;
            }
        }
    }
    void moved(std::uint64_t bytes, config::TimePoint now) {
        if (a_second_ == 0) {
            return;
        }
        const std::chrono::duration<double> bought(std::min(static_cast<double>(bytes) / a_second_, seconds(longest_)));
        const auto more = std::chrono::duration_cast<config::TimePoint::duration>(bought);
        if (running_) {
            until_ = std::min(until_ + more, now + longest_);
        } else {
            left_ = std::min(left_ + more, longest_);
        }
    }
    /// Who has moved nothing more by then is too slow; max() while it is not the peer's turn.
    [[nodiscard]] config::TimePoint deadline() const { return running_ && a_second_ != 0 ? until_ : config::TimePoint::max(); }

private:
    static double seconds(config::TimePoint::duration time) { return std::chrono::duration<double>(time).count(); }
    double a_second_{0};
    config::TimePoint::duration left_{0}, longest_{0};
    config::TimePoint until_{};  ///< while running
    bool running_{false};
};

}  // namespace cardea::net
