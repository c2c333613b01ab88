#include "proxy/net/timer_wheel.hpp"

#include <algorithm>
#include <bit>

namespace cardea::net {

/// The first tick at whose end `when` has passed.
std::int64_t TimerWheel::tick_of(config::TimePoint when) const {
    const auto since = when - origin_;
    const auto step = std::chrono::duration_cast<config::TimePoint::duration>(tick);
    return since.count() <= 0 ? 0 : (since.count() + step.count() - 1) / step.count();
}

void TimerWheel::link(Timer& timer) {
    timer.slot_tick_ = std::clamp(tick_of(timer.deadline_), done_tick_ + 1, done_tick_ + slot_count - 1);
    const auto slot = static_cast<std::size_t>(timer.slot_tick_ % slot_count);
    slots_[slot].push_back(timer);
    occupied_[slot / 64] |= std::uint64_t{1} << (slot % 64);
    earliest_ = std::min(earliest_, timer.slot_tick_);
}

void TimerWheel::arm(Timer& timer, config::TimePoint deadline) {
    timer.deadline_ = deadline;
    if (deadline == config::TimePoint::max()) {
        return;
    }
    if (timer.linked() && timer.slot_tick_ <= tick_of(deadline)) {
        return;
    }
    link(timer);
}

void TimerWheel::expire_slot(std::size_t slot, config::TimePoint now) {
    List<Timer> due;
    due.take(slots_[slot]);
    occupied_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
    while (Timer* timer = due.pop_front()) {
        if (timer->deadline_ <= now) {
            timer->deadline_ = config::TimePoint::max();
            timer->target_->wake(timer->bits_);
        } else if (timer->deadline_ != config::TimePoint::max()) {
            link(*timer);
        }
    }
}

void TimerWheel::advance(config::TimePoint now) {
    const auto step = std::chrono::duration_cast<config::TimePoint::duration>(tick);
    const std::int64_t now_tick = now <= origin_ ? 0 : (now - origin_).count() / step.count();
    if (now_tick <= done_tick_) {
        return;
    }
    const std::int64_t first = std::max({done_tick_ + 1, now_tick - slot_count + 1, earliest_});
    done_tick_ = now_tick;  // before firing: what is linked again must land in a slot that is still to come
    if (earliest_ > now_tick) {
        return;
    }
    for (std::int64_t at = first; at <= now_tick; ++at) {
        const auto slot = static_cast<std::size_t>(at % slot_count);
        if ((occupied_[slot / 64] >> (slot % 64) & 1U) != 0) {
            expire_slot(slot, now);
        }
    }
    find_earliest();
}

/// Behind the tick that was looked at last; a slot emptied since may still count as holding something.
void TimerWheel::find_earliest() {
    constexpr std::size_t words = static_cast<std::size_t>(slot_count) / 64;
    const auto first = static_cast<std::size_t>((done_tick_ + 1) % slot_count);
    earliest_ = never;
    for (std::size_t i = 0; i <= words; ++i) {
        std::uint64_t word = occupied_[(first / 64 + i) % words];
        if (i == 0) {
            word &= ~std::uint64_t{0} << (first % 64);
        } else if (i == words) {
            word &= ~(~std::uint64_t{0} << (first % 64));
        }
        if (word != 0) {
            const std::size_t slot = (first / 64 + i) % words * 64 + static_cast<std::size_t>(std::countr_zero(word));
            const std::size_t ahead = (slot + static_cast<std::size_t>(slot_count) - first) % static_cast<std::size_t>(slot_count);
            earliest_ = done_tick_ + 1 + static_cast<std::int64_t>(ahead);
            return;
        }
    }
}

std::optional<config::Duration> TimerWheel::until_next(config::TimePoint now) const {
    if (earliest_ == never) {
        return std::nullopt;
    }
    const config::TimePoint when = origin_ + earliest_ * tick;
    return std::max(config::Duration{0}, std::chrono::ceil<config::Duration>(when - now));
}

}  // namespace cardea::net
