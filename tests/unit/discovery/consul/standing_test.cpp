#include "discovery/consul/standing.hpp"

#include <gtest/gtest.h>

namespace cardea::consul {
namespace {

using namespace std::chrono_literals;
using discovery::Evidence;

struct Clock {
    Standing standing{};
    config::TimePoint now{1000h};
    Evidence after(config::Duration pause, const Signs& signs) {
        now += pause;
        return standing.judge(signs, now);
    }
    void settle() {
        after(0ms, {.index = 100});
        EXPECT_EQ(after(10s, {.index = 100}), Evidence::strong);
    }
};

TEST(Standing, the_first_answer_proves_nothing_and_ten_seconds_settle) {
    Clock clock;
    EXPECT_EQ(clock.after(0ms, {.index = 10}), Evidence::weak);
    EXPECT_EQ(clock.after(1s, {.index = 11}), Evidence::settling);
    EXPECT_EQ(clock.after(8999ms, {.index = 12}), Evidence::settling);
    EXPECT_EQ(clock.after(1ms, {.index = 12}), Evidence::strong);
    EXPECT_EQ(clock.after(1h, {.index = 13, .empty = true}), Evidence::strong);
}

TEST(Standing, trouble_begins_it_anew) {
    Clock clock;
    clock.settle();
    clock.standing.trouble();
    EXPECT_EQ(clock.after(0ms, {.index = 101}), Evidence::weak);
    EXPECT_EQ(clock.after(5s, {.index = 101}), Evidence::settling);
    EXPECT_EQ(clock.after(5s, {.index = 101}), Evidence::strong);
}

TEST(Standing, an_index_that_goes_back_means_lost_data) {
    Clock clock;
    clock.settle();
    EXPECT_EQ(clock.after(0ms, {.index = 90}), Evidence::weak);
    EXPECT_EQ(clock.after(89s, {.index = 95}), Evidence::settling);
    EXPECT_EQ(clock.after(1s, {.index = 95}), Evidence::strong);
    EXPECT_EQ(clock.after(1h, {.index = 95, .empty = true}), Evidence::strong);
}

TEST(Standing, sudden_emptiness_after_trouble_means_lost_data) {
    Clock clock;
    clock.settle();
    clock.standing.trouble();
    EXPECT_EQ(clock.after(0ms, {.index = 200, .empty = true}), Evidence::weak);
    for (int i = 0; i < 1000; ++i) {
        EXPECT_EQ(clock.after(10s, {.index = 200, .empty = true, .was_empty = true}), Evidence::settling) << "still nothing";
    }
    EXPECT_EQ(clock.after(5s, {.index = 201, .was_empty = true}), Evidence::settling) << "the first is back, others follow";
    EXPECT_EQ(clock.after(84s, {.index = 202}), Evidence::settling);
    EXPECT_EQ(clock.after(1s, {.index = 202}), Evidence::strong);
}

TEST(Standing, a_later_small_trouble_does_not_cut_a_long_wait_short) {
    Clock clock;
    clock.settle();
    clock.after(0ms, {.index = 50});
    clock.standing.trouble();
    clock.after(1s, {.index = 51});
    EXPECT_EQ(clock.after(20s, {.index = 52}), Evidence::settling);
}

TEST(Standing, doubts_leaderless_stale_and_filtered_answers) {
    for (const Signs& doubtful : {Signs{.index = 101, .known_leader = false}, Signs{.index = 101, .last_contact = 10s},
                                  Signs{.index = 101, .rights_in_doubt = true}}) {
        Clock clock;
        clock.settle();
        EXPECT_EQ(clock.after(0ms, doubtful), Evidence::weak);
        EXPECT_EQ(clock.after(1h, doubtful), Evidence::weak);
        EXPECT_EQ(clock.after(0ms, {.index = 102}), Evidence::weak) << "the first good one";
        EXPECT_EQ(clock.after(1s, {.index = 102}), Evidence::settling);
    }
    Clock clock;
    clock.settle();
    EXPECT_EQ(clock.after(0ms, {.index = 101, .last_contact = 9999ms}), Evidence::strong);
}

TEST(Standing, does_without_an_index) {
    Clock clock;
    clock.settle();
    EXPECT_EQ(clock.after(0ms, {.index = 0}), Evidence::strong);
    EXPECT_EQ(clock.after(0ms, {.index = 100}), Evidence::strong);
}

}  // namespace
}  // namespace cardea::consul
