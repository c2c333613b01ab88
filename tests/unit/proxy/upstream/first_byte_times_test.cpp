#include "proxy/upstream/first_byte_times.hpp"

#include <gtest/gtest.h>

namespace cardea::upstream {
namespace {

using namespace std::chrono_literals;

constexpr config::TimePoint start{config::TimePoint{} + 1h};

TEST(FirstByteTimes, patience_is_never_below_its_floor) {
    FirstByteTimes times(2);
    EXPECT_EQ(times.patience(start), 100ms) << "nothing known";
    for (int i = 0; i < 1000; ++i) {
        times.count(0, 1ms, start);
    }
    EXPECT_EQ(times.patience(start + 1s), 100ms);
}

TEST(FirstByteTimes, patience_is_three_times_what_all_but_a_hundredth_take) {
    FirstByteTimes times(2);
    for (int i = 0; i < 97; ++i) {
        times.count(0, 2ms, start);
    }
    times.count(0, 50s, start);
    times.count(1, 200ms, start);
    times.count(1, 200ms, start);
    EXPECT_EQ(times.patience(start), 3 * 256ms) << "the one of 50 s is a hundredth";
}

TEST(FirstByteTimes, the_longest_waits_are_bounded_and_counted) {
    FirstByteTimes times(1);
    times.count(0, 1h, start);
    EXPECT_EQ(times.patience(start), 3 * 65536ms);
}

TEST(FirstByteTimes, forgets_what_is_long_gone) {
    FirstByteTimes times(1);
    for (int i = 0; i < 8; ++i) {
        times.count(0, 1s, start);
    }
    for (int second = 10; second < 60; second += 10) {
        times.count(0, 1ms, start + std::chrono::seconds{second});
    }
    EXPECT_EQ(times.patience(start + 60s), 100ms);
}

TEST(FirstByteTimes, patience_is_made_anew_once_a_second) {
    FirstByteTimes times(1);
    EXPECT_EQ(times.patience(start), 100ms);
    times.count(0, 1s, start);
    EXPECT_EQ(times.patience(start + 500ms), 100ms);
    EXPECT_EQ(times.patience(start + 1s), 3 * 1024ms);
}

}  // namespace
}  // namespace cardea::upstream
