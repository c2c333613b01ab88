#include "proxy/snapshot/keeper.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

namespace cardea::snapshot {
namespace {

/// A worker that applies what it was given when the test says so.
class FakeWorker final : public WorkerPort {
public:
    bool apply(const Snapshot* snapshot) override {
        ++given;
        return std::exchange(next, snapshot) == nullptr;
    }
    [[nodiscard]] std::uint64_t applied_version() const override { return applied; }
    void listen(Door, int) override {}
    void leave(std::uint64_t) override {}
    void move_waiting() override {}
    void abort_endpoints(std::vector<std::shared_ptr<balance::EndpointState>>) override {}
    void drain(config::TimePoint, config::TimePoint) override {}

    void take() { reads = std::exchange(next, nullptr); }
    void acknowledge() { applied = (next != nullptr ? std::exchange(next, nullptr) : reads)->version; }

    const Snapshot* next{nullptr};
    const Snapshot* reads{nullptr};
    int given{0};
    std::uint64_t applied{0};
};

std::unique_ptr<const Snapshot> version(std::uint64_t number) {
    auto made = std::make_unique<Snapshot>();
    made->version = number;
    return made;
}

class KeeperTest : public testing::Test {
protected:
    KeeperTest() {
        keeper.post(version(1));
        a.applied = b.applied = 1;
        keeper.start({&a, &b});
    }
    SnapshotKeeper keeper{};
    FakeWorker a{}, b{};
};

TEST_F(KeeperTest, a_new_one_reaches_every_worker_at_once) {
    EXPECT_TRUE(keeper.settled());
    keeper.post(version(2));
    EXPECT_EQ(a.next->version, 2U);
    EXPECT_EQ(b.next->version, 2U);
    EXPECT_FALSE(keeper.settled());
}

TEST_F(KeeperTest, Case70_the_old_one_goes_when_the_last_worker_has_left_it) {
    keeper.post(version(2));
    a.acknowledge();
    EXPECT_FALSE(keeper.poll());
    EXPECT_EQ(keeper.alive(), 2U) << "b still reads the first";
    b.acknowledge();
    EXPECT_TRUE(keeper.poll());
    EXPECT_EQ(keeper.alive(), 1U);
    EXPECT_TRUE(keeper.settled());
}

TEST_F(KeeperTest, Case69_a_slow_worker_meets_the_newest_and_never_a_queue) {
    for (std::uint64_t number = 2; number <= 1000; ++number) {
        keeper.post(version(number));
        a.acknowledge();
        keeper.poll();
        EXPECT_LE(keeper.alive(), 3U) << "two workers + 1";
    }
    EXPECT_EQ(b.next->version, 1000U);
    b.acknowledge();
    keeper.poll();
    EXPECT_EQ(keeper.alive(), 1U);
}

TEST_F(KeeperTest, workers_that_take_and_do_not_say_so_keep_no_more_than_one_each) {
    for (std::uint64_t number = 2; number <= 100; ++number) {
        keeper.post(version(number));
        (number % 3 == 0 ? a : b).take();
        EXPECT_LE(keeper.alive(), 3U);
        for (const FakeWorker* const worker : {&a, &b}) {
            for (const Snapshot* const used : {worker->reads, worker->next}) {
                EXPECT_TRUE(used == nullptr || used->version > 0) << "would be freed memory, which a sanitizer tells";
            }
        }
    }
}

TEST_F(KeeperTest, before_there_are_workers_only_the_newest_is_kept) {
    SnapshotKeeper alone;
    alone.post(version(1));
    alone.post(version(2));
    EXPECT_EQ(alone.alive(), 1U);
    EXPECT_EQ(alone.newest()->version, 2U);
}

}  // namespace
}  // namespace cardea::snapshot
