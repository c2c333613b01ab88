#pragma once
// Flap damping: who falls again and again by the verdict of checks and probes stays out until it has been calm for a while.
// Each fall adds a penalty that halves every 15 s (RFC 2439's idea, seconds instead of minutes). Time is an argument.

#include "config/units.hpp"

#include <optional>

namespace cardea::health {

class Damping {
public:
    static constexpr double per_fall = 1000, hold_above = 3000, release_below = 1000;
    static constexpr double most = 16'000;  ///< four half-lives above the release: nobody is held longer than 60 s after its last fall
    static constexpr std::chrono::seconds half_life{15};

    /// It was in service and a check or a probe took it out.
    void fell(config::TimePoint now);
    /// Time has passed; true when it is let go by that.
    bool settle(config::TimePoint now);
    /// It is the last one, or damping is off.
    void forgive();

    [[nodiscard]] bool holds() const { return holds_; }
    /// When it will be let go if it falls no more.
    [[nodiscard]] std::optional<config::TimePoint> calm_at() const;

private:
    [[nodiscard]] double penalty(config::TimePoint now) const;
    double penalty_{0};  ///< as of as_of_
    config::TimePoint as_of_{};
    bool holds_{false};
};

}  // namespace cardea::health
