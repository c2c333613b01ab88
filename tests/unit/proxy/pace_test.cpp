#include "proxy/pace.hpp"

#include <gtest/gtest.h>

namespace cardea::proxy {
namespace {

using namespace std::chrono_literals;
using observe::Limit;

constexpr config::TimePoint pace_begin{1h};
const config::ClientLimits pace_limits{};

TEST(BodyPace, expects_nothing_before_it_is_told_to) {
    BodyPace pace(pace_limits);
    EXPECT_EQ(pace.deadline(), config::TimePoint::max());
    pace.expect(true, pace_begin);
    EXPECT_EQ(pace.deadline(), pace_begin + pace_limits.body_grace);
    EXPECT_EQ(pace.limit(), Limit::body_rate);
}

TEST(BodyPace, who_was_quick_may_pause_for_the_longest_gap) {
    BodyPace pace(pace_limits);
    pace.expect(true, pace_begin);
    pace.read(10'000'000, pace_begin + 1s);
    EXPECT_EQ(pace.deadline(), pace_begin + 1s + pace_limits.body_timeout);
    EXPECT_EQ(pace.limit(), Limit::body_timeout);
}

TEST(BodyPace, time_in_which_nothing_was_expected_does_not_count) {
    BodyPace pace(pace_limits);
    pace.expect(true, pace_begin);
    pace.expect(false, pace_begin + 9s);
    EXPECT_EQ(pace.deadline(), config::TimePoint::max());
    pace.expect(true, pace_begin + 1h);
    EXPECT_EQ(pace.deadline(), pace_begin + 1h + 1s);
}

TEST(WritePace, nothing_held_is_nothing_to_wait_for) {
    WritePace pace(pace_limits, pace_begin);
    EXPECT_EQ(pace.deadline(), config::TimePoint::max());
    pace.hold(true, pace_begin + 1h);
    EXPECT_EQ(pace.deadline(), pace_begin + 1h + pace_limits.write_timeout);
}

TEST(WritePace, what_the_kernel_gets_rid_of_counts_though_it_takes_nothing_more) {
    WritePace pace(pace_limits, pace_begin);
    pace.hold(true, pace_begin);
    auto now = pace_begin;
    std::size_t unsent = 2'000'000;
    for (int look = 0; look < 100; ++look) {
        now = pace.deadline();
        unsent -= 20'000;
        EXPECT_EQ(pace.look(2'000'000, unsent, now), std::nullopt) << look;
    }
    now = pace.deadline();
    EXPECT_EQ(pace.look(2'000'000, unsent, now), Limit::write_timeout);
}

TEST(WritePace, a_little_now_and_then_is_too_little) {
    WritePace pace(pace_limits, pace_begin);
    pace.hold(true, pace_begin);
    std::optional<Limit> limit;
    auto now = pace_begin;
    while (!limit) {
        now = pace.deadline() + 8ms;
        const auto taken = static_cast<std::size_t>((now - pace_begin) / 1s * 5);
        limit = pace.look(2'000'000, 2'000'000 - taken, now);
    }
    EXPECT_EQ(limit, Limit::write_rate);
    EXPECT_LT(now - pace_begin, 40s);
}

TEST(WritePace, an_earlier_answer_still_in_the_kernel_is_no_progress) {
    WritePace pace(pace_limits, pace_begin);
    pace.hold(true, pace_begin);
    EXPECT_EQ(pace.look(100, 5'000, pace_begin + 20s), Limit::write_timeout);
}

}  // namespace
}  // namespace cardea::proxy
