#include "discovery/address_policy.hpp"

#include <gtest/gtest.h>

namespace cardea::discovery {
namespace {

config::Address policy_address(const std::string& text) {
    return config::parse_address(text).value();
}

config::Config policy_config() {
    config::Config config;
    config.listeners.push_back({.address = config::parse_listen_address(":8000").value()});
    config.listeners.push_back({.address = policy_address("10.1.1.1:9000")});
    config.admin.tcp = policy_address("127.0.0.1:8001");
    config.discovery.consul.push_back({.addresses = {policy_address("127.0.0.1:18500"), policy_address("10.2.2.2:18500")}});
    config.discovery.docker.push_back({.endpoint = policy_address("10.3.3.3:12375")});
    return config;
}

std::vector<config::IpAddress> here() {
    return {config::parse_ip("10.1.1.1").value(), config::parse_ip("fd00::1").value()};
}

Fact said_by(const std::string& source, const std::vector<std::string>& addresses, bool local = false) {
    Fact fact;
    fact.key = {source, "i"};
    fact.local_source = local;
    for (const auto& address : addresses) {
        fact.addresses.push_back(policy_address(address));
    }
    return fact;
}

std::string verdict(Fact fact, const config::Config& config = policy_config()) {
    return AddressPolicy(config, here()).judge(fact).value_or("");
}

TEST(AddressPolicy, lets_ordinary_addresses_pass) {
    for (const char* address : {"10.0.0.1:80", "192.168.1.12:32768", "172.17.0.2:8080", "[fd00::2]:80", "8.8.8.8:80", "10.1.1.1:8002"}) {
        EXPECT_EQ(verdict(said_by("consul:dc1", {address})), "") << address;
    }
}

TEST(AddressPolicy, refuses_places_that_no_registry_should_name) {
    for (const char* address : {"169.254.169.254:80", "[fe80::1]:80", "224.0.0.1:80", "[ff02::1]:80", "0.0.0.0:80", "[::]:80"}) {
        EXPECT_NE(verdict(said_by("consul:dc1", {address}, true)), "") << address;
    }
    EXPECT_EQ(verdict(said_by("consul:dc1", {"169.254.169.254:80"})), "169.254.169.254:80 is link-local, where clouds keep their metadata");
}

TEST(AddressPolicy, sees_through_other_spellings_of_a_forbidden_place) {
    for (const char* address :
         {"[::ffff:169.254.169.254]:80", "[64:ff9b::169.254.169.254]:80", "[64:ff9b::a9fe:a9fe]:80", "[2002:a9fe:a9fe::1]:80",
          "[::169.254.169.254]:80", "[64:ff9b::127.0.0.1]:8000", "[::127.0.0.1]:8001", "[64:ff9b::a01:101]:9000", "[fd00:ec2::254]:80",
          "100.100.100.200:80", "192.0.0.192:80", "255.255.255.255:80", "0.0.0.1:80", "0.1.2.3:80"}) {
        EXPECT_NE(verdict(said_by("consul:dc1", {address}, true)), "") << address;
    }
    for (const char* address : {"[64:ff9b::8.8.8.8]:80", "[2002:808:808::1]:80", "100.100.100.201:80", "[fd00:ec2::253]:80"}) {
        EXPECT_EQ(verdict(said_by("consul:dc1", {address})), "") << address;
    }
    auto config = policy_config();
    config.discovery.deny = {config::parse_cidr("10.0.0.0/8").value()};
    EXPECT_EQ(verdict(said_by("consul:dc1", {"[64:ff9b::10.0.0.7]:80"}), config),
              "[64:ff9b::a00:7]:80 stands for another: 10.0.0.7:80 is in discovery.deny");
    config.discovery.allow = {config::parse_cidr("100.100.100.200").value()};
    EXPECT_EQ(verdict(said_by("consul:dc1", {"100.100.100.200:80"}), config), "") << "who wants it may have it";
}

TEST(AddressPolicy, believes_loopback_only_of_a_local_source) {
    for (const char* address : {"127.0.0.1:80", "127.8.8.8:80", "[::1]:80", "unix:/run/app.sock"}) {
        EXPECT_NE(verdict(said_by("docker:h2", {address})), "") << address;
        EXPECT_EQ(verdict(said_by("docker:h1", {address}, true)), "") << address;
    }
}

TEST(AddressPolicy, never_leads_cardea_to_itself) {
    for (const char* address : {"127.0.0.1:8000", "10.1.1.1:8000", "[fd00::1]:8000", "[::1]:8000", "127.0.0.1:8001", "10.1.1.1:8001",
                                "10.1.1.1:9000", "127.0.0.1:9000"}) {
        EXPECT_NE(verdict(said_by("docker:h1", {address}, true)), "") << address;
    }
    EXPECT_EQ(verdict(said_by("docker:h1", {"10.9.9.9:8000"}, true)), "");
    auto allowing = policy_config();
    allowing.discovery.allow = {config::parse_cidr("0.0.0.0/0").value()};
    EXPECT_EQ(verdict(said_by("docker:h1", {"10.1.1.1:8000"}), allowing), "10.1.1.1:8000 is Cardea's own listener");
}

TEST(AddressPolicy, refuses_the_whole_socket_when_one_of_its_addresses_is_forbidden) {
    EXPECT_NE(verdict(said_by("docker:h1", {"10.9.9.9:8080", "10.1.1.1:8000"}, true)), "");
}

TEST(AddressPolicy, refuses_the_interfaces_of_registries_and_engines) {
    for (const char* address : {"127.0.0.1:18500", "10.1.1.1:18500", "10.2.2.2:18500", "10.3.3.3:12375", "10.7.7.7:2375", "10.7.7.7:2376",
                                "10.7.7.7:8500", "10.7.7.7:8501"}) {
        EXPECT_NE(verdict(said_by("consul:dc1", {address}, true)), "") << address;
    }
    EXPECT_EQ(verdict(said_by("consul:dc1", {"10.3.3.4:12375"})), "");
}

TEST(AddressPolicy, is_overridden_by_allow_and_more_so_by_deny) {
    auto config = policy_config();
    config.discovery.allow = {config::parse_cidr("127.0.0.0/8").value(), config::parse_cidr("10.7.0.0/16").value(),
                              config::parse_cidr("169.254.0.0/16").value()};
    config.discovery.deny = {config::parse_cidr("169.254.169.254").value(), config::parse_cidr("10.0.0.0/24").value()};
    EXPECT_EQ(verdict(said_by("consul:dc1", {"127.0.0.1:80"}), config), "");
    EXPECT_EQ(verdict(said_by("consul:dc1", {"10.7.7.7:8500"}), config), "");
    EXPECT_EQ(verdict(said_by("consul:dc1", {"169.254.1.1:80"}), config), "");
    EXPECT_EQ(verdict(said_by("consul:dc1", {"169.254.169.254:80"}), config), "169.254.169.254:80 is in discovery.deny");
    EXPECT_NE(verdict(said_by("consul:dc1", {"10.0.0.7:80"}), config), "");
}

TEST(AddressPolicy, takes_out_single_addresses_and_keeps_the_rest) {
    Fact fact = said_by("docker:h2", {"127.0.0.1:32768", "172.17.0.2:80"});
    EXPECT_FALSE(AddressPolicy(policy_config(), here()).judge(fact));
    EXPECT_EQ(fact.addresses, std::vector{policy_address("172.17.0.2:80")});
}

TEST(AddressPolicy, trusts_what_a_person_wrote) {
    for (const char* source : {"static", "file:/e"}) {
        EXPECT_EQ(verdict(said_by(source, {"127.0.0.1:8500"})), "");
        EXPECT_EQ(verdict(said_by(source, {"169.254.1.1:80"})), "");
        Fact named = said_by(source, {"169.254.169.254:80"}, true);
        named.resolved = true;  // but what a name server made of a name is judged
        EXPECT_NE(verdict(named), "");
        named.addresses = {policy_address("127.0.0.1:8500")};
        EXPECT_EQ(verdict(named), "");
    }
}

}  // namespace
}  // namespace cardea::discovery
