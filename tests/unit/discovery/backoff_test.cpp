#include "discovery/backoff.hpp"

#include <gtest/gtest.h>

namespace cardea::discovery {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, doubles_to_its_cap_within_the_upper_half) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Backoff backoff(50ms, 500ms, seed);
        for (const auto ceiling : {50ms, 100ms, 200ms, 400ms, 500ms, 500ms}) {
            const auto pause = backoff.next();
            EXPECT_GE(pause, ceiling / 2);
            EXPECT_LE(pause, ceiling);
        }
        backoff.reset();
        EXPECT_LE(backoff.next(), 50ms);
    }
}

TEST(Backoff, never_answers_zero) {
    Backoff backoff(1ms, 1ms, 1);
    EXPECT_EQ(backoff.next(), 1ms);
}

TEST(Backoff, spreads_clients_apart) {
    Backoff a(400ms, 500ms, 1), b(400ms, 500ms, 2);
    EXPECT_NE(a.next(), b.next());
}

TEST(TokenBucket, allows_a_burst_and_then_its_rate) {
    TokenBucket bucket(3, 250ms);
    const config::TimePoint start{1h};
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(bucket.take(start), start);
    }
    config::TimePoint now = start;
    for (int i = 1; i <= 40; ++i) {
        now = bucket.take(now);
        EXPECT_EQ(now, start + i * 250ms);
    }
}

TEST(TokenBucket, saves_no_more_than_its_burst) {
    TokenBucket bucket(3, 250ms);
    config::TimePoint now{1h};
    bucket.take(now);
    now += 24h;
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(bucket.take(now), now);
    }
    EXPECT_EQ(bucket.take(now), now + 250ms);
}

TEST(TokenBucket, counts_time_between_requests) {
    TokenBucket bucket(3, 250ms);
    const config::TimePoint start{1h};
    for (int i = 0; i < 3; ++i) {
        bucket.take(start);
    }
    EXPECT_EQ(bucket.take(start + 600ms), start + 600ms);
    EXPECT_EQ(bucket.take(start + 600ms), start + 600ms);
    EXPECT_EQ(bucket.take(start + 600ms), start + 750ms);
}

}  // namespace
}  // namespace cardea::discovery
