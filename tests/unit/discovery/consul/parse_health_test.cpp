#include "discovery/consul/parse_health.hpp"

#include <gtest/gtest.h>

namespace cardea::consul {
namespace {

using discovery::Status;

/// As Consul 1.8.7 sends it.
constexpr const char* real_entry =
    R"([{"Node":{"ID":"c7125280-2c6e-bf2b-f478-b17bf589a1b9","Node":"s1","Address":"127.0.0.1","Datacenter":"dc1","TaggedAddresses":{"lan":"127.0.0.1","lan_ipv4":"127.0.0.1","wan":"127.0.0.1"},"Meta":{"consul-network-segment":""},"CreateIndex":6,"ModifyIndex":7},
"Service":{"ID":"web-1","Service":"web","Tags":["b","a"],"Address":"10.0.0.1","TaggedAddresses":{"lan_ipv4":{"Address":"10.0.0.1","Port":80},"wan":{"Address":"198.18.0.1","Port":81}},"Meta":{"k":"v"},"Port":80,"Weights":{"Passing":5,"Warning":2},"EnableTagOverride":false,"Proxy":{"MeshGateway":{},"Expose":{}},"Connect":{},"CreateIndex":12,"ModifyIndex":12},
"Checks":[{"Node":"s1","CheckID":"serfHealth","Name":"Serf Health Status","Status":"passing","Notes":"","Output":"Agent alive and reachable","ServiceID":"","ServiceName":"","ServiceTags":[],"Type":"","Definition":{}},
{"Node":"s1","CheckID":"service:web-1","Name":"Service 'web' check","Status":"passing","ServiceID":"web-1","ServiceName":"web","ServiceTags":["a","b"],"Type":"ttl"}]}])";

HealthAnswer read(const std::string& body, const EntryRules& rules = {.source = "consul:dc1"}) {
    auto answer = parse_health(body, rules);
    EXPECT_TRUE(answer) << body;
    return answer ? std::move(*answer) : HealthAnswer{};
}

std::string entry(const std::string& service, const std::string& checks = "[]",
                  const std::string& node = R"("Node":"n","Address":"10.9.9.9")") {
    return R"({"Node":{)" + node + R"(},"Service":{"ID":"i","Service":"web",)" + service + R"(},"Checks":)" + checks + "}";
}

discovery::Fact only(const std::string& service, const std::string& checks = "[]", const EntryRules& rules = {.source = "consul:dc1"}) {
    const auto answer = read("[" + entry(service, checks) + "]", rules);
    EXPECT_EQ(answer.facts.size(), 1U) << service;
    return answer.facts.empty() ? discovery::Fact{} : answer.facts[0];
}

TEST(ParseHealth, reads_an_entry) {
    const auto answer = read(real_entry, {.source = "consul:dc1", .local_source = true});
    ASSERT_EQ(answer.facts.size(), 1U);
    const auto& fact = answer.facts[0];
    EXPECT_EQ(fact.key, (discovery::EndpointKey{"consul:dc1", "s1|web-1"}));
    EXPECT_EQ(fact.service, "web");
    ASSERT_EQ(fact.addresses.size(), 1U);
    EXPECT_EQ(config::to_string(fact.addresses[0]), "10.0.0.1:80");
    EXPECT_EQ(fact.weight, 5U);
    EXPECT_EQ(fact.status, Status::up);
    EXPECT_EQ(fact.tags, (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(fact.local_source);
    EXPECT_TRUE(fact.why.empty());
    EXPECT_TRUE(answer.skipped.empty());
}

TEST(ParseHealth, falls_back_to_the_node_and_survives_nulls) {
    const auto fact = only(R"("Address":"","Port":8080,"Tags":null,"Meta":null,"TaggedAddresses":null)", "null");
    EXPECT_EQ(config::to_string(fact.addresses.at(0)), "10.9.9.9:8080");
    EXPECT_EQ(fact.weight, 1U);
    EXPECT_EQ(fact.status, Status::up);
    EXPECT_EQ(config::to_string(only(R"("Port":80)").addresses.at(0)), "10.9.9.9:80");
}

TEST(ParseHealth, Case16_takes_ipv6_and_host_names) {
    EXPECT_EQ(config::to_string(only(R"("Address":"2001:DB8::1","Port":80)").addresses.at(0)), "[2001:db8::1]:80");
    const auto named = only(R"("Address":"Web.Internal","Port":80)");
    EXPECT_EQ(named.addresses.at(0).kind, config::Address::Kind::name);
    EXPECT_EQ(named.addresses.at(0).name, "web.internal");
}

TEST(ParseHealth, Case15_leaves_out_what_cannot_be_dialled_and_counts_it) {
    std::string body = "[" + entry(R"("Address":"10.0.0.1","Port":80)");
    for (const char* bad :
         {R"("Address":"10.0.0.1","Port":0)", R"("Address":"10.0.0.1","Port":-5)", R"("Address":"10.0.0.1","Port":99999)",
          R"("Address":"10.0.0.1","Port":"80")", R"("Address":"10.0.0.1")", R"("Address":"not an ip !","Port":80)",
          R"("Address":"0.0.0.0","Port":80)", R"("Address":"::","Port":80)", R"("Address":"unix:///x.sock","Port":80)",
          R"("Address":"a\u0000b","Port":80)", R"("Address":"[::1]","Port":80)", R"("Address":"10.0.0.1:81","Port":80)"}) {
        body += "," + entry(bad);
    }
    body += R"(,null,7,"x",[],{},{"Node":{"Node":1},"Service":{"ID":"a"}}])";
    const auto answer = read(body);
    EXPECT_EQ(answer.facts.size(), 1U);
    EXPECT_EQ(answer.skipped.at("port out of range"), 5U);
    EXPECT_EQ(answer.skipped.at("unspecified address"), 2U);
    EXPECT_EQ(answer.skipped.at("unusable address"), 5U);
    EXPECT_EQ(answer.skipped.at("entry without node or service"), 6U);
}

TEST(ParseHealth, the_worst_check_decides) {
    const std::string at = R"("Address":"10.0.0.1","Port":80,"Weights":{"Passing":5,"Warning":2})";
    const auto check = [](const std::string& id, const std::string& status) {
        return R"({"CheckID":")" + id + R"(","Name":"the )" + id + R"(","Status":")" + status + R"(","Notes":"n"})";
    };
    EXPECT_EQ(only(at, "[" + check("a", "passing") + "]").status, Status::up);
    auto fact = only(at, "[" + check("a", "warning") + "," + check("b", "passing") + "]");
    EXPECT_EQ(fact.status, Status::up);
    EXPECT_EQ(fact.weight, 2U);
    EXPECT_EQ(fact.why, "check 'the a' is warning");
    fact = only(at, "[" + check("a", "warning") + "]", {.source = "consul:dc1", .allow_warning = false});
    EXPECT_EQ(fact.status, Status::down);
    fact = only(at, "[" + check("a", "warning") + "," + check("b", "critical") + "]");
    EXPECT_EQ(fact.status, Status::down);
    EXPECT_EQ(fact.why, "check 'the b' is critical");
    EXPECT_EQ(only(at, "[" + check("a", "no such word") + "]").status, Status::down);
    for (const char* id : {"_node_maintenance", "_service_maintenance:i"}) {
        fact = only(at, "[" + check("b", "critical") + "," + check(id, "critical") + "]");
        EXPECT_EQ(fact.status, Status::draining) << id;
        EXPECT_EQ(fact.why, "maintenance: n");
    }
}

TEST(ParseHealth, weights) {
    const std::string at = R"("Address":"10.0.0.1","Port":80)", warning = R"([{"CheckID":"a","Status":"warning"}])";
    EXPECT_EQ(only(at).weight, 1U);
    EXPECT_EQ(only(at + R"(,"Weights":{"Passing":3,"Warning":0})", warning).weight, 0U);
    EXPECT_EQ(only(at + R"(,"Weights":{"Passing":3,"Warning":2},"Meta":{"weight":"9"})").weight, 9U);
    EXPECT_EQ(only(at + R"(,"Weights":{"Passing":3},"Meta":{"weight":"-9"})").weight, 3U);
    EXPECT_EQ(only(at + R"(,"Weights":{"Passing":3},"Meta":{"weight":"99999"})").weight, 3U);
    EXPECT_EQ(only(at + R"(,"Weights":{"Passing":-1})").weight, 1U);
    EXPECT_EQ(only(at + R"(,"Weights":{"Passing":70000})").weight, 1U);
}

TEST(ParseHealth, labels_from_tags_and_meta) {
    const auto fact = only(
        R"("Address":"10.0.0.1","Port":80,"Tags":["cardea.host=a.example","cardea.enable","x","cardea.q=a=b"],"Meta":{"cardea-path":"/p","cardea-health-path":"/h","other":"1","cardea-host":"meta"})");
    EXPECT_EQ(fact.labels,
              (std::map<std::string, std::string>{{"host", "a.example"}, {"q", "a=b"}, {"path", "/p"}, {"health.path", "/h"}}));
}

TEST(ParseHealth, same_id_on_two_nodes_is_two_instances_and_twice_on_one_is_one) {
    const std::string service = R"("Address":"10.0.0.1","Port":80)";
    const auto answer = read("[" + entry(service) + "," + entry(service) + "," + entry(service, "[]", R"("Node":"m","Address":"")") + "]");
    EXPECT_EQ(answer.facts.size(), 2U);
    EXPECT_EQ(answer.skipped.at("same instance twice"), 1U);
}

TEST(ParseHealth, other_datacenters_have_keys_of_their_own) {
    const auto answer = read(real_entry, {.source = "consul:dc1", .other_datacenter = true});
    EXPECT_EQ(answer.facts.at(0).key.instance, "dc1/s1|web-1");
}

TEST(ParseHealth, anything_but_an_array_is_an_error) {
    for (const std::string& body : {std::string{"{}"}, std::string{"null"}, std::string{"\"x\""}, std::string{"1"}, std::string{},
                                    std::string{"[{]"}, std::string{"[] x"}, std::string(100'000, '['), std::string{"<html>"}}) {
        EXPECT_FALSE(parse_health(body, {})) << body.substr(0, 20);
    }
    EXPECT_TRUE(read("[]").facts.empty());
}

TEST(ParseHealth, registrator_ids) {
    for (const char* good : {"h2:web01:80", "h2:web01:53:udp", "a:b:web.1_x-y:8080", "host:0x:1"}) {
        EXPECT_EQ(registrator_id(good), good);
    }
    for (const char* bad : {"", "web-1", "web01:80", ":web01:80", "h2::80", "h2:w:80", "h2:-web:80", "h2:web01:", "h2:web01:8o",
                            "h2:web01:80:tcp", "h2:we b:80", "::", ":::udp"}) {
        EXPECT_EQ(registrator_id(bad), "") << bad;
    }
}

TEST(ParseCatalogServices, lists_names) {
    EXPECT_EQ(*parse_catalog_services(R"({"web":["a"],"consul":[],"a/b":null})"), (std::vector<std::string>{"a/b", "consul", "web"}));
    EXPECT_FALSE(parse_catalog_services("[]"));
    EXPECT_FALSE(parse_catalog_services("null"));
}

}  // namespace
}  // namespace cardea::consul
