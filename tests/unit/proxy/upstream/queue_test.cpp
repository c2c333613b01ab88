#include "proxy/upstream/queue.hpp"

#include <gtest/gtest.h>

namespace cardea::upstream {
namespace {

using namespace std::chrono_literals;
using Entry = Queue::Entry;

constexpr config::TimePoint now{config::TimePoint{} + 1h};

TEST(Queue, is_closed_until_there_was_an_endpoint) {
    Queue queue;
    EXPECT_EQ(queue.enter({}, 1, true, now), Entry::closed);
    queue.members_changed(false, now);
    EXPECT_EQ(queue.enter({}, 1, true, now), Entry::closed);
    queue.members_changed(true, now);
    queue.members_changed(false, now);
    EXPECT_EQ(queue.enter({}, 1, true, now), Entry::in);
}

TEST(Queue, opens_by_what_a_worker_sees_before_control_does) {
    Queue queue;
    queue.members_changed(true, now);
    EXPECT_EQ(queue.enter({}, 1, true, now + 5s), Entry::in);
    EXPECT_EQ(queue.enter({}, 1, true, now + 15s), Entry::in);
    EXPECT_EQ(queue.enter({}, 1, true, now + 15s + 1ms), Entry::closed);
    queue.members_changed(false, now + 6s);
    EXPECT_EQ(queue.enter({}, 1, true, now + 16s), Entry::in) << "control knows it better";
}

TEST(Queue, more_changes_without_an_endpoint_do_not_open_it_again) {
    Queue queue;
    queue.members_changed(true, now);
    queue.members_changed(false, now);
    queue.members_changed(false, now + 20s);
    EXPECT_EQ(queue.enter({}, 1, true, now + 20s), Entry::closed);
}

TEST(Queue, who_only_goes_behind_others_needs_no_loss) {
    Queue queue;
    queue.members_changed(true, now);
    EXPECT_EQ(queue.enter({}, 1, false, now), Entry::in);
    queue.members_changed(false, now + 1h);
    EXPECT_EQ(queue.enter({}, 1, true, now + 1h), Entry::in) << "the time of a loss was not set by that";
}

TEST(Queue, limits_are_exact_and_what_leaves_makes_room) {
    Queue queue;
    queue.members_changed(true, now);
    const config::Queue limits{.requests = 2, .bytes = {100}};
    EXPECT_EQ(queue.enter(limits, 60, true, now), Entry::in);
    EXPECT_EQ(queue.enter(limits, 41, true, now), Entry::full);
    EXPECT_EQ(queue.enter(limits, 40, true, now), Entry::in);
    EXPECT_EQ(queue.enter(limits, 0, true, now), Entry::full);
    EXPECT_EQ(queue.requests(), 2U);
    EXPECT_EQ(queue.bytes(), 100U);
    queue.leave(60);
    EXPECT_EQ(queue.enter(limits, 60, true, now), Entry::in);
}

}  // namespace
}  // namespace cardea::upstream
