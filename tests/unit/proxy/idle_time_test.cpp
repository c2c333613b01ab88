#include "proxy/idle_time.hpp"

#include <gtest/gtest.h>

namespace cardea::proxy {
namespace {

using namespace std::chrono_literals;

TEST(IdleTime, nobody_spins_before_it_is_known_to_pay) {
    IdleTime idle;
    EXPECT_FALSE(idle.worth_spinning());
    for (int i = 0; i < 3; ++i) {
        idle.lasted(10us);
    }
    EXPECT_FALSE(idle.worth_spinning());
    for (int i = 0; i < 40; ++i) {
        idle.lasted(10us);
    }
    EXPECT_TRUE(idle.worth_spinning());
}

TEST(IdleTime, one_long_pause_stops_it_and_a_busy_moment_brings_it_back) {
    IdleTime idle;
    for (int i = 0; i < 100; ++i) {
        idle.lasted(10us);
    }
    idle.lasted(8h);
    EXPECT_FALSE(idle.worth_spinning());
    for (int i = 0; i < 10; ++i) {
        idle.lasted(10us);
    }
    EXPECT_TRUE(idle.worth_spinning());
}

TEST(IdleTime, pauses_longer_than_a_spin_are_slept_through) {
    IdleTime idle;
    for (int i = 0; i < 100; ++i) {
        idle.lasted(130us);
    }
    EXPECT_FALSE(idle.worth_spinning());
}

}  // namespace
}  // namespace cardea::proxy
