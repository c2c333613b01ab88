#include "discovery/fixed/fixed.hpp"

#include <gtest/gtest.h>

namespace cardea::fixed {
namespace {

TEST(Fixed, says_once_what_is_written) {
    Fixed provider("web", {{.address = config::parse_address("127.0.0.1:9002").value(), .weight = 3},
                           {.address = config::parse_address("127.0.0.1:9001").value()}});
    const auto actions = provider.step(discovery::Started{}, {});
    const auto* publish = std::get_if<discovery::Publish>(&actions.at(0));
    ASSERT_NE(publish, nullptr);
    EXPECT_EQ(publish->query, "web");
    ASSERT_EQ(publish->facts.size(), 2U);
    EXPECT_EQ(publish->facts[0].key, (discovery::EndpointKey{"static", "127.0.0.1:9001"}));
    EXPECT_EQ(publish->facts[1].weight, 3U);
    EXPECT_TRUE(std::get<discovery::SourceStatus>(actions.at(1)).synced);
    EXPECT_TRUE(provider.step(discovery::Woken{}, {}).empty());
}

}  // namespace
}  // namespace cardea::fixed
