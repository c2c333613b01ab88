#include "proxy/net/least_rate.hpp"

#include <gtest/gtest.h>

namespace cardea::net {
namespace {

using namespace std::chrono_literals;

constexpr config::TimePoint rate_begin{1h};

LeastRate five_hundred() {
    LeastRate rate({500}, 10s, 20s);
    rate.run(true, rate_begin);
    return rate;
}

TEST(LeastRate, who_sends_nothing_has_the_grace) {
    EXPECT_EQ(five_hundred().deadline(), rate_begin + 10s);
}

TEST(LeastRate, bytes_buy_time_at_the_rate) {
    auto rate = five_hundred();
    rate.moved(500, rate_begin + 1s);
    EXPECT_EQ(rate.deadline(), rate_begin + 11s);
    rate.moved(1, rate_begin + 2s);
    EXPECT_EQ(rate.deadline(), rate_begin + 11s + 2ms);
}

TEST(LeastRate, a_trickle_is_over_soon_after_the_grace) {
    auto rate = five_hundred();
    config::TimePoint now = rate_begin;
    while (now < rate.deadline()) {
        rate.moved(1, now);
        now += 1s;
    }
    EXPECT_EQ(now, rate_begin + 11s);
}

TEST(LeastRate, the_rate_itself_goes_on_for_ever) {
    auto rate = five_hundred();
    for (auto now = rate_begin; now < rate_begin + 1h; now += 1s) {
        ASSERT_LT(now, rate.deadline());
        rate.moved(500, now);
    }
}

TEST(LeastRate, a_flood_buys_no_more_than_the_longest_pause) {
    auto rate = five_hundred();
    rate.moved(~std::uint64_t{0}, rate_begin + 1s);
    EXPECT_EQ(rate.deadline(), rate_begin + 21s);
}

TEST(LeastRate, stands_while_it_is_not_the_peers_turn) {
    auto rate = five_hundred();
    rate.run(false, rate_begin + 4s);
    EXPECT_EQ(rate.deadline(), config::TimePoint::max());
    rate.moved(500, rate_begin + 1h);
    rate.run(true, rate_begin + 2h);
    EXPECT_EQ(rate.deadline(), rate_begin + 2h + 7s);
    rate.run(true, rate_begin + 2h + 1s);
    EXPECT_EQ(rate.deadline(), rate_begin + 2h + 7s) << "to be told the same twice changes nothing";
}

TEST(LeastRate, zero_asks_for_nothing) {
    LeastRate rate({0}, 10s, 20s);
    rate.run(true, rate_begin);
    rate.moved(5, rate_begin);
    EXPECT_EQ(rate.deadline(), config::TimePoint::max());
    EXPECT_EQ(LeastRate{}.deadline(), config::TimePoint::max());
}

}  // namespace
}  // namespace cardea::net
