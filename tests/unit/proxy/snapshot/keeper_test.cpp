#include "proxy/snapshot/keeper.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace cardea::snapshot {
namespace {

/// A worker that applies what it was given when the test says so.
class FakeWorker final : public WorkerPort {
public:
    void apply(const Snapshot* snapshot) override { given.push_back(snapshot); }
    [[nodiscard]] std::uint64_t applied_version() const override { return applied; }
    void listen(std::string, int) override {}
    void drop_listener(std::string) override {}
    void move_waiting() override {}
    void abort_endpoints(std::vector<std::shared_ptr<balance::EndpointState>>) override {}
    void drain(config::TimePoint) override {}

    void acknowledge() { applied = given.back()->version; }

    std::vector<const Snapshot*> given{};
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
    ASSERT_EQ(a.given.size(), 1U);
    EXPECT_EQ(a.given[0]->version, 2U);
    EXPECT_EQ(b.given.size(), 1U);
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
        EXPECT_LE(keeper.alive(), 4U) << "two workers + 2";
    }
    ASSERT_EQ(b.given.size(), 1U) << "b has not answered the second yet";
    b.acknowledge();
    keeper.poll();
    ASSERT_EQ(b.given.size(), 2U);
    EXPECT_EQ(b.given.back()->version, 1000U);
    b.acknowledge();
    keeper.poll();
    EXPECT_EQ(keeper.alive(), 1U);
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
