#pragma once
// When to publish what has changed. Trouble goes out at once; additions too when it was quiet before, else they wait for
// each other: until nothing new came for `quiet`, at most `max`. Pure; time is an argument.

#include "config/units.hpp"

#include <optional>

namespace cardea::control {

class Debounce {
public:
    /// Quiet for this long, the next addition goes out without waiting.
    static constexpr config::Duration calm{1000};
    /// Not even trouble is published more often: the workers obey suspensions at once anyway.
    static constexpr config::Duration least{2};

    Debounce(config::Duration quiet, config::Duration max) : quiet_(quiet), max_(max) {}
    void set(config::Duration quiet, config::Duration max) {
        quiet_ = quiet;
        max_ = max;
    }

    void changed(bool urgent, config::TimePoint now);
    void published(config::TimePoint now);
    /// Empty when nothing waits.
    [[nodiscard]] std::optional<config::TimePoint> due() const;

private:
    config::Duration quiet_, max_;
    std::optional<config::TimePoint> at_once_{};         ///< for trouble, or for the first after a calm
    std::optional<config::TimePoint> first_{}, last_{};  ///< additions that wait for each other
    std::optional<config::TimePoint> published_{};
};

}  // namespace cardea::control
