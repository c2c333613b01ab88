#include "proxy/queue_time.hpp"

#include <gtest/gtest.h>

namespace cardea::proxy {
namespace {

using namespace std::chrono_literals;

/// A worker whose rounds take as long as the test says.
struct BusyWorker {
    QueueTime queue{};
    config::TimePoint now{1h};
    config::TimePoint doors{config::TimePoint::max()};

    void round(config::Duration work, bool all = true, config::Duration target = 100ms) {
        queue.polled(all, target, now);
        now += work;
        queue.worked(doors, now);
    }
    /// Slept, then little to do.
    void quiet(config::Duration sleep) {
        now += sleep;
        queue.polled(true, 100ms, now);
        queue.rested();
    }
};

TEST(QueueTime, a_round_waits_as_long_as_the_one_before_it_took) {
    BusyWorker worker;
    worker.round(30ms);
    EXPECT_EQ(worker.queue.waited(), 30ms);
    worker.quiet(1s);
    EXPECT_EQ(worker.queue.waited(), 0ms);
}

TEST(QueueTime, what_a_full_poll_left_behind_has_waited_since_the_last_that_was_not) {
    BusyWorker worker;
    worker.round(30ms);
    worker.round(30ms, false);
    worker.round(30ms, false);
    EXPECT_EQ(worker.queue.waited(), 90ms);
    worker.round(30ms, true);
    EXPECT_EQ(worker.queue.waited(), 30ms);
}

TEST(QueueTime, clients_at_the_door_wait_too) {
    BusyWorker worker;
    worker.doors = worker.now - 200ms;
    worker.round(30ms);
    EXPECT_EQ(worker.queue.waited(), 230ms);
}

TEST(QueueTime, a_burst_sheds_nobody) {
    BusyWorker worker;
    for (int burst = 0; burst < 20; ++burst) {
        for (int i = 0; i < 4; ++i) {
            worker.round(200ms);
            EXPECT_FALSE(worker.queue.too_long());
        }
        worker.quiet(10ms);
    }
}

TEST(QueueTime, a_standing_queue_sheds_after_an_interval_and_until_it_is_short) {
    BusyWorker worker;
    worker.quiet(5s);
    const auto began = worker.now;
    while (!worker.queue.too_long() && worker.now < began + 10s) {
        worker.round(150ms);
    }
    EXPECT_GE(worker.now, began + 1s);
    EXPECT_LE(worker.now, began + 2500ms) << "at most one interval that began quiet, and one that did not";
    worker.round(20ms);
    worker.round(20ms);
    EXPECT_FALSE(worker.queue.too_long()) << "who waited little is served, even now";
    worker.round(150ms);
    worker.round(150ms);
    EXPECT_FALSE(worker.queue.too_long() && worker.now > began + 5s);
}

TEST(QueueTime, an_interval_with_one_short_wait_ends_it) {
    BusyWorker worker;
    while (!worker.queue.too_long()) {
        worker.round(150ms);
    }
    worker.quiet(10ms);
    const auto quiet_at = worker.now;
    while (worker.now < quiet_at + 1s) {
        worker.round(150ms);
    }
    worker.round(150ms);
    EXPECT_FALSE(worker.queue.too_long());
}

TEST(QueueTime, off_asks_for_nothing) {
    BusyWorker worker;
    for (int i = 0; i < 100; ++i) {
        worker.round(1s, true, 0ms);
        ASSERT_FALSE(worker.queue.too_long());
    }
}

}  // namespace
}  // namespace cardea::proxy
