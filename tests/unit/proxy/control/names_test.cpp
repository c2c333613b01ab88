#include "proxy/control/names.hpp"

#include <gtest/gtest.h>

namespace cardea::control {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

Lookup found(const std::string& ip, config::Duration ttl) {
    return {Lookup::Outcome::found, {*config::parse_ip(ip)}, ttl, {}};
}
const Lookup absent{Lookup::Outcome::absent, {}, {}, "no such host"};
const Lookup failed{Lookup::Outcome::failed, {}, {}, "timeout"};

TEST(FollowedNameTest, tells_addresses_once_and_follows_their_time_to_live) {
    FollowedName name;
    const auto news = name.answered(found("10.0.0.1", 30s));
    ASSERT_TRUE(news);
    EXPECT_EQ(news->addresses.size(), 1U);
    EXPECT_EQ(name.wait(), 30s);
    EXPECT_FALSE(name.answered(found("10.0.0.1", 30s)));
    EXPECT_TRUE(name.answered(found("10.0.0.2", 30s)));
}

TEST(FollowedNameTest, time_to_live_has_bounds) {
    FollowedName name;
    name.answered(found("10.0.0.1", 10ms));
    EXPECT_EQ(name.wait(), 1s);
    name.answered(found("10.0.0.1", 86'400s));
    EXPECT_EQ(name.wait(), 300s);
    name.answered(found("10.0.0.1", 0s));
    EXPECT_EQ(name.wait(), 5s);
}

TEST(FollowedNameTest, a_name_that_never_existed_is_told_at_once_and_asked_again_soon) {
    FollowedName name;
    const auto news = name.answered(absent);
    ASSERT_TRUE(news);
    EXPECT_TRUE(news->addresses.empty());
    EXPECT_TRUE(news->error.empty());
    EXPECT_EQ(name.trouble(), "no such host");
    EXPECT_EQ(name.wait(), 1s);
    for (int i = 0; i < 10; ++i) {
        name.answered(absent);
    }
    EXPECT_EQ(name.wait(), 5s);
}

TEST(FollowedNameTest, what_is_known_outlives_silence_and_the_first_noes) {
    FollowedName name;
    name.answered(found("10.0.0.1", 30s));
    for (int i = 0; i < 100; ++i) {
        EXPECT_FALSE(name.answered(failed));
    }
    EXPECT_FALSE(name.answered(absent));
    EXPECT_FALSE(name.answered(absent));
    const auto third = name.answered(absent);
    ASSERT_TRUE(third);
    EXPECT_TRUE(third->addresses.empty());
    EXPECT_TRUE(name.answered(found("10.0.0.1", 30s))) << "and it comes back";
    EXPECT_EQ(name.trouble(), "");
}

TEST(FollowedNameTest, silence_about_a_name_nobody_knows_is_an_error) {
    FollowedName name;
    const auto news = name.answered(failed);
    ASSERT_TRUE(news);
    EXPECT_EQ(news->error, "timeout");
}

}  // namespace
}  // namespace cardea::control
