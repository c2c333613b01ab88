#include "proxy/observe/metrics.hpp"

#include <gtest/gtest.h>

namespace cardea::observe {
namespace {

TEST(DurationHistogram, upper_bounds_are_inclusive) {
    DurationHistogram histogram;
    histogram.observe(0);
    histogram.observe(500);
    histogram.observe(501);
    histogram.observe(10'000'000);
    histogram.observe(10'000'001);
    EXPECT_EQ(histogram.buckets[0].get(), 2U);
    EXPECT_EQ(histogram.buckets[1].get(), 1U);
    EXPECT_EQ(histogram.buckets[14].get(), 1U);
    EXPECT_EQ(histogram.buckets[15].get(), 1U);
    EXPECT_EQ(histogram.sum_us.get(), 20'001'002U);
}

TEST(WorkHistogram, has_bounds_of_its_own_and_takes_less_than_nothing_for_nothing) {
    WorkHistogram histogram;
    histogram.observe(std::chrono::nanoseconds{10'999});
    histogram.observe(std::chrono::nanoseconds{11'000});
    histogram.observe(std::chrono::nanoseconds{-5});
    histogram.observe(std::chrono::milliseconds{101});
    EXPECT_EQ(histogram.buckets[0].get(), 2U);
    EXPECT_EQ(histogram.buckets[1].get(), 1U);
    EXPECT_EQ(histogram.buckets.back().get(), 1U);
    EXPECT_EQ(histogram.sum_us.get(), 101'021U);
}

}  // namespace
}  // namespace cardea::observe
