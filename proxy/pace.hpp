#pragma once
// How a client keeps up: with sending the body it has announced, and with taking the answer. A stall, or less than the least
// rate, ends it; time counts only while it is the client's turn, so that no endpoint's slowness is ever held against a client,
// nor the other way round. One worker.

#include "config/config.hpp"
#include "proxy/net/least_rate.hpp"
#include "proxy/observe/metrics.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace cardea::proxy {

/// Of a request's body.
class BodyPace {
public:
    BodyPace() = default;
    explicit BodyPace(const config::ClientLimits& limits)
        : rate_(limits.min_rate, limits.body_grace, limits.body_timeout), gap_(limits.body_timeout) {}
    /// Whether we would take more of the body if it came.
    void expect(bool more, config::TimePoint now) {
        read_ = more && !expected_ ? now : read_;
        expected_ = more;
        rate_.run(more, now);
    }
    void read(std::size_t bytes, config::TimePoint now) {
        read_ = now;
        rate_.moved(bytes, now);
    }
    /// When it is too late for more of it; max() while none is expected.
    [[nodiscard]] config::TimePoint deadline() const {
        return expected_ ? std::min(read_ + gap_, rate_.deadline()) : config::TimePoint::max();
    }
    /// Which limit that is.
    [[nodiscard]] observe::Limit limit() const {
        return read_ + gap_ <= rate_.deadline() ? observe::Limit::body_timeout : observe::Limit::body_rate;
    }

private:
    net::LeastRate rate_{};
    config::Duration gap_{0};
    config::TimePoint read_{};
    bool expected_{false};
};

/// Of taking an answer. What the client took is what the kernel has rid itself of, not what it took from us: its buffer may hold
/// more than a slow client takes in the time it has.
class WritePace {
public:
    WritePace(const config::ClientLimits& limits, config::TimePoint now)
        : rate_(limits.min_rate, limits.write_grace, limits.write_timeout), gap_(limits.write_timeout), moved_(now) {}
    /// Whether we have something that the kernel does not take.
    void hold(bool something, config::TimePoint now) {
        moved_ = something && !held_ ? now : moved_;
        held_ = something;
        rate_.run(something, now);
    }
    /// When to look at it again; max() while nothing is held.
    [[nodiscard]] config::TimePoint deadline() const {
        return held_ ? std::min(moved_ + gap_, rate_.deadline()) : config::TimePoint::max();
    }
    /// At the deadline: of `sent` bytes of the answer the kernel still has up to `unsent`. The limit that was hit, if one was.
    [[nodiscard]] std::optional<observe::Limit> look(std::uint64_t sent, std::size_t unsent, config::TimePoint now) {
        const std::uint64_t taken = sent > unsent ? sent - unsent : 0;
        if (taken > taken_) {
            rate_.moved(taken - taken_, now);
            taken_ = taken;
            moved_ = now;
        }
        if (now < deadline()) {
            return std::nullopt;
        }
        return now >= moved_ + gap_ ? observe::Limit::write_timeout : observe::Limit::write_rate;
    }

private:
    net::LeastRate rate_;
    config::Duration gap_;
    config::TimePoint moved_;
    std::uint64_t taken_{0};
    bool held_{false};
};

}  // namespace cardea::proxy
