#include "proxy/net/task.hpp"

#include "perf/micro/allocations.hpp"
#include "proxy/net/waker.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace cardea::net {
namespace {

Task<int> add(int a, int b) {
    co_return a + b;
}

Task<int> sum_of(int count) {
    int sum = 0;
    for (int i = 0; i < count; ++i) {
        const int next = co_await add(sum, i);
        sum = next;
    }
    co_return sum;
}

Task<void> store(int& out, int count) {
    const int sum = co_await sum_of(count);
    out = sum;
}

TEST(Task, hands_values_up_when_it_is_awaited) {
    int out = 0;
    Task<void> task = store(out, 1000);
    EXPECT_EQ(out, 0) << "lazy";
    task.start();
    EXPECT_TRUE(task.done());
    EXPECT_EQ(out, 999 * 1000 / 2);
}

#if !defined(__SANITIZE_ADDRESS__)  // there frames come from the heap, so that a late use of one is seen
TEST(Task, frames_are_reused) {
    int out = 0;
    store(out, 10).start();
    const std::uint64_t before = micro::allocations_of_this_thread();
    for (int i = 0; i < 100; ++i) {
        store(out, 10).start();
    }
    EXPECT_EQ(micro::allocations_of_this_thread(), before);
}
#endif

Task<void> fail() {
    throw std::runtime_error("broken");
    co_return;
}

Task<void> expect_failure(std::string& out) {
    try {
        co_await fail();
    } catch (const std::runtime_error& error) {
        out = error.what();
    }
}

TEST(Task, exceptions_reach_the_awaiter) {
    std::string out;
    Task<void> task = expect_failure(out);
    task.start();
    EXPECT_EQ(out, "broken");
}

struct Noticed {
    bool& gone;
    ~Noticed() { gone = true; }
};

Task<void> wait_with(Waker& waker, bool& gone, std::vector<std::uint32_t>& seen) {
    [[maybe_unused]] const Noticed noticed{gone};
    for (;;) {
        const std::uint32_t bits = co_await waker.any(3);
        seen.push_back(bits);
    }
}

Task<void> nested(Waker& waker, bool& gone, std::vector<std::uint32_t>& seen) {
    co_await wait_with(waker, gone, seen);
}

TEST(Waker, resumes_once_a_batch_with_all_bits_and_only_for_its_mask) {
    ReadyQueue ready;
    Waker waker(ready);
    bool gone = false;
    std::vector<std::uint32_t> seen;
    Task<void> task = nested(waker, gone, seen);
    task.start();
    waker.wake(4);
    EXPECT_TRUE(ready.empty());
    waker.wake(1);
    waker.wake(2);
    waker.wake(1);
    EXPECT_TRUE(seen.empty()) << "only when its turn comes";
    ready.run();
    EXPECT_EQ(seen, (std::vector<std::uint32_t>{3}));
    EXPECT_TRUE(waker.pending(4)) << "what was not asked for is kept";
    task.reset();
    EXPECT_TRUE(gone) << "destroying the outer frame ends everything it awaits";
}

TEST(Waker, may_be_destroyed_while_queued) {
    ReadyQueue ready;
    bool gone = false;
    std::vector<std::uint32_t> seen;
    auto first = std::make_unique<Waker>(ready);
    Waker second(ready);
    Task<void> one = nested(*first, gone, seen);
    Task<void> other = nested(second, gone, seen);
    one.start();
    other.start();
    first->wake(1);
    second.wake(2);
    one.reset();
    first.reset();
    ready.run();
    EXPECT_EQ(seen, (std::vector<std::uint32_t>{2}));
}

Task<void> take_turns(Waker& waker, int& turns) {
    for (int i = 0; i < 3; ++i) {
        ++turns;
        co_await waker.yield();
    }
}

TEST(Waker, yielding_waits_for_the_next_batch) {
    ReadyQueue ready;
    Waker waker(ready);
    int turns = 0;
    Task<void> task = take_turns(waker, turns);
    task.start();
    EXPECT_EQ(turns, 1);
    ready.run();
    EXPECT_EQ(turns, 2);
    EXPECT_FALSE(ready.empty());
}

}  // namespace
}  // namespace cardea::net
