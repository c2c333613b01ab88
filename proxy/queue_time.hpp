#pragma once
// How long a worker lets its clients wait, and when that is too long: CoDel's idea (RFC 8289) for requests. A queue that empties
// now and then is a burst and does no harm; one of which nobody waited less than the target for a whole interval never will
// empty, and then those that waited longer than the target are better told so at once. One worker; times are arguments.
//
// A poll that brings fewer events than it may has emptied the kernel's list, so whatever the next one brings has waited no
// longer than since then. That costs a second look at the clock, and only after rounds in which there was much to do.

#include "config/units.hpp"

#include <algorithm>

namespace cardea::proxy {

class QueueTime {
public:
    /// The kernel has told what is ready; `all`: nothing was left behind. A target of 0 asks for nothing.
    void polled(bool all, config::Duration target, config::TimePoint now) {
        judge(target, now);
        if (all) {
            drained_ = now;
        }
    }
    /// The end of a round with much to do. `doors_drained`: when the listening sockets last had nobody waiting.
    void worked(config::TimePoint doors_drained, config::TimePoint now) { waited_ = now - std::min(drained_, doors_drained); }
    /// The end of any other round: the next one finds what has only just come.
    void rested() { waited_ = {}; }

    /// What this round deals with has waited no longer than this.
    [[nodiscard]] config::TimePoint::duration waited() const { return waited_; }
    /// Too long, and not only for a moment.
    [[nodiscard]] bool too_long() const { return too_long_; }

private:
    void judge(config::Duration target, config::TimePoint now) {
        least_ = std::min(least_, waited_);
        if (now >= interval_end_) {
            standing_ = least_ > target;
            least_ = waited_;
            interval_end_ = now + std::max(10 * target, shortest_interval);
        }
        too_long_ = target > config::Duration{0} && standing_ && waited_ > target;
    }
    static constexpr config::Duration shortest_interval{100};
    config::TimePoint drained_{};
    config::TimePoint::duration waited_{0}, least_{0};
    config::TimePoint interval_end_{};
    bool standing_{false};  ///< nobody of the last interval waited less than the target
    bool too_long_{false};
};

}  // namespace cardea::proxy
