#include "proxy/upstream/counts.hpp"

#include <gtest/gtest.h>

namespace cardea::upstream {
namespace {

TEST(Counts, the_limit_is_for_all_workers_together) {
    Counts counts(4);
    for (std::size_t i = 0; i < 10; ++i) {
        EXPECT_TRUE(counts.enter(i % 4, 10)) << i;
    }
    EXPECT_EQ(counts.pending(), 10U);
    EXPECT_FALSE(counts.enter(1, 10));
    counts.leave(3);
    EXPECT_FALSE(!counts.enter(1, 10)) << "whoever leaves makes room for anybody";
}

TEST(Counts, one_worker_may_have_all_of_it) {
    Counts counts(4);
    for (int i = 0; i < 10; ++i) {
        EXPECT_TRUE(counts.enter(0, 10)) << i;
    }
    EXPECT_FALSE(counts.enter(0, 10));
}

TEST(Counts, no_limit_is_none) {
    Counts counts(1);
    for (int i = 0; i < 1000; ++i) {
        EXPECT_TRUE(counts.enter(0, 0));
    }
}

}  // namespace
}  // namespace cardea::upstream
