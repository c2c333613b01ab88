#include "proxy/health/slow_start.hpp"

#include <gtest/gtest.h>

namespace cardea::health {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

TEST(SlowStartTest, a_share_grows_evenly_from_a_tenth_to_all) {
    EXPECT_EQ(slow_start_share(0ms, 10s), first_share);
    EXPECT_EQ(slow_start_share(999ms, 10s), first_share);
    EXPECT_EQ(slow_start_share(5s, 10s), full_share / 2);
    EXPECT_EQ(slow_start_share(9'999ms, 10s), full_share - 1);
    EXPECT_EQ(slow_start_share(10s, 10s), full_share);
    EXPECT_EQ(slow_start_share(-1s, 10s), first_share);
}

TEST(SlowStartTest, off_is_full_at_once) {
    EXPECT_EQ(slow_start_share(0ms, 0ms), full_share);
}

TEST(SlowStartTest, each_step_is_there_when_it_was_promised) {
    for (const config::Duration whole : {config::Duration(1), config::Duration(7), config::Duration(999), config::Duration(30'000)}) {
        std::uint32_t share = slow_start_share(0ms, whole);
        int steps = 0;
        while (share < full_share) {
            const auto next = slow_start_share(next_share_after(share, whole), whole);
            ASSERT_GT(next, share) << whole.count();
            share = next;
            ++steps;
        }
        EXPECT_LE(steps, 18);
    }
}

}  // namespace
}  // namespace cardea::health
