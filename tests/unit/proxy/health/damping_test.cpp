#include "proxy/health/damping.hpp"

#include <gtest/gtest.h>

namespace cardea::health {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

class DampingTest : public testing::Test {
protected:
    void fall(int times, config::Duration apart) {
        for (int i = 0; i < times; ++i) {
            damping.fell(now);
            now += apart;
        }
    }
    Damping damping{};
    config::TimePoint now{std::chrono::hours(1)};
};

TEST_F(DampingTest, three_falls_are_forgiven_and_the_fourth_is_not) {
    fall(3, 100ms);
    EXPECT_FALSE(damping.holds());
    fall(1, 100ms);
    EXPECT_TRUE(damping.holds());
}

TEST_F(DampingTest, falls_that_lie_apart_are_not_flapping) {
    fall(100, 15s);
    EXPECT_FALSE(damping.holds()) << "the penalty never exceeds twice that of one fall";
}

TEST_F(DampingTest, it_is_let_go_when_it_has_been_calm) {
    fall(4, 0ms);
    ASSERT_TRUE(damping.calm_at());
    EXPECT_EQ(*damping.calm_at(), now + 30s) << "from 4000 to 1000 are two half-lives";
    EXPECT_FALSE(damping.settle(now + 29'999ms));
    EXPECT_TRUE(damping.settle(now + 30s));
    EXPECT_FALSE(damping.holds());
    EXPECT_FALSE(damping.calm_at());
}

TEST_F(DampingTest, falling_on_prolongs_it_but_never_beyond_a_minute_after_the_last) {
    fall(10'000, 1ms);
    EXPECT_LE(*damping.calm_at() - now, 60s);
    EXPECT_GE(*damping.calm_at() - now, 59s);
}

TEST_F(DampingTest, the_last_one_is_forgiven) {
    fall(4, 0ms);
    damping.forgive();
    EXPECT_FALSE(damping.holds());
    fall(1, 0ms);
    EXPECT_FALSE(damping.holds()) << "and begins anew";
}

}  // namespace
}  // namespace cardea::health
