#pragma once
// Deadlines for a worker: arming costs a few nanoseconds and never allocates. A timer that is only ever pushed further out
// stays where it is linked and is looked at again when its slot comes round (a stamp), so a keep-alive connection may move
// its deadline for every message. Fires never early, and late by at most one tick plus the poll. One worker.

#include "config/units.hpp"
#include "proxy/net/list.hpp"
#include "proxy/net/waker.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <optional>

namespace cardea::net {

class Timer final : public Link {
public:
    Timer(Wakeable& target, std::uint32_t bits) : target_(&target), bits_(bits) {}
    [[nodiscard]] config::TimePoint deadline() const { return deadline_; }

private:
    friend class TimerWheel;
    config::TimePoint deadline_{config::TimePoint::max()};  ///< max: disarmed, though it may still be linked
    std::int64_t slot_tick_{0};
    Wakeable* target_;
    std::uint32_t bits_;
};

class TimerWheel {
public:
    static constexpr config::Duration tick{8};

    explicit TimerWheel(config::TimePoint now) : origin_(now) {}
    void arm(Timer& timer, config::TimePoint deadline);
    void disarm(Timer& timer) { timer.deadline_ = config::TimePoint::max(); }
    /// Fires what is due: wakes the timer's target with its bits.
    void advance(config::TimePoint now);
    /// How long the poller may sleep; nullopt: nothing is armed. May be shorter than the next deadline, never longer.
    [[nodiscard]] std::optional<config::Duration> until_next(config::TimePoint now) const;

private:
    static constexpr std::int64_t slot_count = 2048;  // 16 s ahead; what lies further is looked at again then
    [[nodiscard]] std::int64_t tick_of(config::TimePoint when) const;
    void link(Timer& timer);
    void expire_slot(std::size_t slot, config::TimePoint now);
    void find_earliest();

    config::TimePoint origin_;
    static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
    std::int64_t done_tick_{0};     ///< every slot up to this tick has been looked at
    std::int64_t earliest_{never};  ///< no slot before this tick holds a timer
    std::array<List<Timer>, static_cast<std::size_t>(slot_count)> slots_{};
    std::array<std::uint64_t, static_cast<std::size_t>(slot_count) / 64> occupied_{};  ///< may say yes for an emptied slot
};

}  // namespace cardea::net
