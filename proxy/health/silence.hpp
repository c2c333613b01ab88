#pragma once
// The case against an endpoint whose requests wait while nothing comes from it: it is frozen when a probe on a fresh
// connection has no answer in time while a peer answers one. A byte from it closes the case. Pure.

#include "config/units.hpp"

namespace cardea::health {

class SilenceCase {
public:
    explicit SilenceCase(config::TimePoint opened) : opened_(opened) {}
    void had_no_answer() { unanswered_ = true; }
    void peer_answered() { peer_answered_ = true; }
    [[nodiscard]] config::TimePoint opened() const { return opened_; }
    /// Whatever was asked has been answered or has timed out by then.
    [[nodiscard]] bool stale(config::TimePoint now) const { return now - opened_ > config::Duration{1'000}; }
    [[nodiscard]] bool proven() const { return unanswered_ && peer_answered_; }

private:
    config::TimePoint opened_;
    bool unanswered_{false}, peer_answered_{false};
};

}  // namespace cardea::health
