#include "proxy/net/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <random>

namespace cardea::net {
namespace {

using namespace std::chrono_literals;

class Bell final : public Wakeable {
public:
    void wake(std::uint32_t bits) override { rung |= bits, ++count; }
    std::uint32_t rung{0};
    int count{0};
};

const config::TimePoint start = config::TimePoint{} + 1h;

TEST(TimerWheel, fires_within_a_tick_and_never_early) {
    TimerWheel wheel(start);
    config::TimePoint from = start;
    for (const auto in : {1ms, 8ms, 9ms, 100ms, 15'999ms, 16'000ms, 16'384ms, 60'000ms, 3'600'000ms}) {
        Bell bell;
        Timer timer(bell, 4);
        wheel.arm(timer, from + in);
        wheel.advance(from + in - 1ms);
        EXPECT_EQ(bell.count, 0) << in.count();
        wheel.advance(from + in + TimerWheel::tick);
        EXPECT_EQ(bell.count, 1) << in.count();
        EXPECT_EQ(bell.rung, 4U);
        from += in + 11ms;
        wheel.advance(from);
    }
}

TEST(TimerWheel, a_deadline_pushed_out_is_kept) {
    TimerWheel wheel(start);
    Bell bell;
    Timer timer(bell, 1);
    config::TimePoint now = start;
    for (int i = 0; i < 100; ++i) {
        wheel.arm(timer, now + 1s);
        now += 900ms;
        wheel.advance(now);
    }
    EXPECT_EQ(bell.count, 0);
    wheel.advance(now + 200ms);
    EXPECT_EQ(bell.count, 1);
}

TEST(TimerWheel, a_deadline_pulled_in_is_kept) {
    TimerWheel wheel(start);
    Bell bell;
    Timer timer(bell, 1);
    wheel.arm(timer, start + 10s);
    wheel.arm(timer, start + 100ms);
    wheel.advance(start + 108ms);
    EXPECT_EQ(bell.count, 1);
}

TEST(TimerWheel, fires_after_jumps_longer_than_its_horizon) {
    TimerWheel wheel(start);
    Bell bell;
    Timer timer(bell, 1);
    wheel.arm(timer, start + 30s);
    wheel.arm(timer, start + 60s);
    wheel.advance(start + 59s);
    EXPECT_EQ(bell.count, 0);
    wheel.advance(start + 61s);
    EXPECT_EQ(bell.count, 1);
}

TEST(TimerWheel, disarmed_and_destroyed_timers_stay_silent) {
    TimerWheel wheel(start);
    Bell bell;
    Timer timer(bell, 1);
    {
        Timer gone(bell, 2);
        wheel.arm(gone, start + 1s);
    }
    wheel.arm(timer, start + 1s);
    wheel.disarm(timer);
    wheel.advance(start + 2s);
    EXPECT_EQ(bell.count, 0);
    wheel.arm(timer, start + 3s);
    wheel.advance(start + 3100ms);
    EXPECT_EQ(bell.count, 1);
}

TEST(TimerWheel, until_next_never_oversleeps) {
    std::mt19937 random(7);  // NOLINT: the same in every run
    TimerWheel wheel(start);
    Bell bell;
    std::vector<std::unique_ptr<Timer>> timers;
    config::TimePoint now = start;
    EXPECT_FALSE(wheel.until_next(now).has_value());
    for (int i = 0; i < 200; ++i) {
        timers.push_back(std::make_unique<Timer>(bell, 1U));
        wheel.arm(*timers.back(), now + config::Duration(random() % 100'000));
    }
    int turns = 0;
    while (const auto wait = wheel.until_next(now)) {
        now += *wait;
        wheel.advance(now);
        for (const auto& timer : timers) {
            EXPECT_GT(timer->deadline(), now - TimerWheel::tick) << "overslept";
        }
        ASSERT_LT(++turns, 10'000);
    }
    EXPECT_EQ(bell.count, 200);
}

}  // namespace
}  // namespace cardea::net
