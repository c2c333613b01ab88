#pragma once
// When to publish what has changed. Trouble goes out at once; additions too while there are few of them, else they wait for
// each other: until nothing new came for `quiet`, at most `max`. Pure; time is an argument.

#include "config/units.hpp"

#include <optional>

namespace cardea::control {

class Debounce {
public:
    /// So many publications of additions in a row wait for nothing, and one more after each `step`: a container that starts is
    /// published twice, as found and as admitted.
    static constexpr int few = 8;
    static constexpr config::Duration step{125};
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
    struct Span {
        config::TimePoint first{}, last{};
    };
    std::optional<config::TimePoint> at_once_{};  ///< for trouble, or while additions are few
    std::optional<Span> waiting_{};               ///< additions that wait for each other
    std::optional<config::TimePoint> published_{};
    config::TimePoint paid_until_{};  ///< each publication of additions costs a step; `few` steps may be owed
};

}  // namespace cardea::control
