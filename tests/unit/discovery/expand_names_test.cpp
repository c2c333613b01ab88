#include "discovery/expand_names.hpp"

#include <gtest/gtest.h>

namespace cardea::discovery {
namespace {

Fact named_fact(const std::string& instance, const std::vector<std::string>& addresses) {
    Fact fact;
    fact.key = {"consul:dc1", instance};
    for (const auto& address : addresses) {
        fact.addresses.push_back(config::parse_address(address).value());
    }
    return fact;
}

Resolved found(const std::vector<std::string>& ips) {
    Resolved resolved;
    for (const auto& ip : ips) {
        resolved.addresses.push_back(config::parse_ip(ip).value());
    }
    return resolved;
}

TEST(ExpandNames, leaves_addresses_as_they_are) {
    const std::vector<Fact> facts{named_fact("a", {"10.0.0.1:80"}), named_fact("b", {"unix:/x", "[::1]:80"})};
    EXPECT_EQ(expand_names(facts, {}), facts);
    std::set<std::string> names;
    collect_names(facts, names);
    EXPECT_TRUE(names.empty());
}

TEST(ExpandNames, makes_an_endpoint_of_each_address_of_a_name) {
    const std::vector<Fact> facts{named_fact("a", {"web.internal:80"}), named_fact("b", {"10.0.0.9:80"})};
    const auto out = expand_names(facts, {{"web.internal", found({"10.0.0.1", "fd00::1"})}});
    ASSERT_EQ(out.size(), 3U);
    EXPECT_EQ(out[0].key.instance, "a@10.0.0.1");
    EXPECT_EQ(config::to_string(out[0].addresses.at(0)), "10.0.0.1:80");
    EXPECT_TRUE(out[0].resolved);
    EXPECT_EQ(out[1].key.instance, "a@fd00::1");
    EXPECT_EQ(config::to_string(out[1].addresses.at(0)), "[fd00::1]:80");
    EXPECT_FALSE(out[2].resolved);
}

TEST(ExpandNames, a_name_without_address_is_down_and_says_why) {
    const std::vector<Fact> facts{named_fact("a", {"web.internal:80"})};
    auto out = expand_names(facts, {});
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(out[0].status, Status::down);
    EXPECT_EQ(out[0].why, "web.internal: not resolved yet");
    EXPECT_TRUE(out[0].addresses.empty());
    EXPECT_EQ(out[0].key.instance, "a");
    out = expand_names(facts, {{"web.internal", {.why = "no such host"}}});
    EXPECT_EQ(out[0].why, "web.internal: no such host");
}

TEST(ExpandNames, puts_a_name_beside_the_other_addresses_of_its_socket) {
    const std::vector<Fact> facts{named_fact("a", {"h2.internal:32768", "172.17.0.2:80"})};
    auto out = expand_names(facts, {{"h2.internal", found({"192.168.1.12"})}});
    ASSERT_EQ(out.size(), 1U);
    ASSERT_EQ(out[0].addresses.size(), 2U);
    EXPECT_EQ(config::to_string(out[0].addresses[0]), "192.168.1.12:32768");
    out = expand_names(facts, {});
    ASSERT_EQ(out[0].addresses.size(), 1U);
    EXPECT_EQ(out[0].status, Status::up);
}

}  // namespace
}  // namespace cardea::discovery
