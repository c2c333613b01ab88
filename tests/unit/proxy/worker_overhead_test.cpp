// proxy_overhead_seconds and snapshot_apply_seconds: the worker's own time is in them, its waits are not.
#include "tests/support/proxy/front.hpp"
#include "tests/support/proxy/messages.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace cardea::proxy {
namespace {

using namespace std::chrono_literals;

TEST(WorkerOverhead, counts_what_the_worker_does_and_not_what_it_waits_for) {
    constexpr std::uint64_t requests = 200;
    support::Origin origin;
    support::Front front({origin.port()});
    support::Peer client = front.client();
    front.clock.look_takes(7us);
    client.send(support::get);
    support::Peer up = origin.accept();
    for (std::uint64_t i = 1;; ++i) {
        up.head();
        front.advance(1s);
        up.send(support::ok_hi);
        client.read_until("hi");
        if (i == requests) {
            break;
        }
        front.advance(1s);
        client.send(support::get);
    }
    ASSERT_TRUE(support::Front::eventually([&] { return front.metrics.in_flight.get() == 0; }));
    const auto& overhead = front.metrics.proxy_overhead;
    const auto measured = std::accumulate(overhead.buckets.begin(), overhead.buckets.end(), std::uint64_t{0},
                                          [](std::uint64_t sum, const observe::Counter& bucket) { return sum + bucket.get(); });
    EXPECT_GT(measured, requests / observe::overhead_every / 3) << "about one in sixteen";
    EXPECT_LT(measured, requests / observe::overhead_every * 3);
    EXPECT_GE(overhead.sum_us.get(), measured * 14) << "a look at the clock in the round of the request, and one in that of its answer";
    EXPECT_LT(overhead.sum_us.get(), measured * 1'000) << "waited for a second each";
    EXPECT_GE(front.metrics.request_duration.sum_us.get(), requests * 1'000'000);
}

TEST(WorkerOverhead, counts_each_snapshot_and_what_taking_it_up_took) {
    support::Origin origin;
    support::Front front({origin.port()});
    front.clock.look_takes(7us);
    front.settle();
    const auto& apply = front.metrics.snapshot_apply;
    EXPECT_TRUE(support::Front::eventually([&] { return apply.sum_us.get() == 14; })) << "it settles with two, and a look takes 7 us";
    EXPECT_EQ(apply.buckets[0].get(), 2U);
}

}  // namespace
}  // namespace cardea::proxy
