#include "discovery/merge.hpp"

#include "discovery/same_instance.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <random>

namespace cardea::discovery {
namespace {

Fact seen(const std::string& source, const std::string& instance, const std::vector<std::string>& addresses) {
    Fact fact;
    fact.key = {source, instance};
    fact.service = "web";
    for (const auto& address : addresses) {
        fact.addresses.push_back(config::parse_address(address).value());
    }
    return fact;
}

Merged merge_all(const std::vector<Fact>& facts, const Merged& former = {}) {
    std::vector<const Fact*> list;
    for (const Fact& fact : facts) {
        list.push_back(&fact);
    }
    return merge("web", list, former);
}

std::vector<std::string> ids(const Merged& merged) {
    std::vector<std::string> out;
    for (const Endpoint& endpoint : merged.service.endpoints) {
        out.push_back(endpoint.id);
    }
    return out;
}

std::vector<std::string> addresses_of(const Endpoint& endpoint) {
    std::vector<std::string> out;
    for (const auto& address : endpoint.addresses) {
        out.push_back(config::to_string(address));
    }
    return out;
}

using Strings = std::vector<std::string>;

TEST(Merge, counts_an_instance_once_however_many_name_it) {
    auto consul = seen("consul:dc1", "h2|h2:web01:80", {"192.168.1.12:32768"});
    consul.registrator_id = "h2:web01:80";
    const auto docker = seen("docker:h2", "c1:80/tcp", {"192.168.1.12:32768", "172.17.0.2:80"});
    const auto merged = merge_all({consul, docker});
    ASSERT_EQ(merged.service.endpoints.size(), 1U);
    const Endpoint& one = merged.service.endpoints[0];
    EXPECT_EQ(one.id, "h2|h2:web01:80");
    EXPECT_EQ(one.weight, 1U);
    EXPECT_EQ(addresses_of(one), (Strings{"192.168.1.12:32768", "172.17.0.2:80"}));
    EXPECT_EQ(one.witnesses, (std::vector<EndpointKey>{{"consul:dc1", "h2|h2:web01:80"}, {"docker:h2", "c1:80/tcp"}}));
    EXPECT_TRUE(one.discovered);
}

TEST(Merge, Case14_two_entries_of_one_registry_at_one_address_are_one_target) {
    const auto merged = merge_all({seen("consul:dc1", "n|a", {"10.0.0.1:80"}), seen("consul:dc1", "n|b", {"10.0.0.1:80"})});
    ASSERT_EQ(merged.service.endpoints.size(), 1U);
    EXPECT_EQ(merged.service.endpoints[0].weight, 1U);
}

TEST(Merge, Case13_one_service_id_on_two_nodes_is_two_endpoints) {
    auto first = seen("consul:dc1", "n1|h:web:80", {"10.0.0.1:80"}), second = seen("consul:dc1", "n2|h:web:80", {"10.0.0.2:80"});
    first.registrator_id = second.registrator_id = "h:web:80";
    EXPECT_EQ(merge_all({first, second}).service.endpoints.size(), 2U);
}

TEST(Merge, a_registrator_id_unites_across_sources_without_a_common_address) {
    auto consul = seen("consul:dc1", "h2|h2:web01:80", {"192.168.1.12:32768"});
    auto docker = seen("docker:h2", "c1:80/tcp", {"172.17.0.2:80"});
    consul.registrator_id = docker.registrator_id = "h2:web01:80";
    EXPECT_EQ(merge_all({consul, docker}).service.endpoints.size(), 1U);
}

TEST(Merge, the_id_stays_while_any_witness_stays) {
    const auto consul = seen("consul:dc1", "n|a", {"10.0.0.1:80"});
    const auto docker = seen("docker:h2", "c1:80/tcp", {"10.0.0.1:80"});
    auto merged = merge_all({docker});
    EXPECT_EQ(ids(merged), Strings{"c1:80/tcp"});
    merged = merge_all({consul, docker}, merged);
    EXPECT_EQ(ids(merged), Strings{"c1:80/tcp"});
    merged = merge_all({consul}, merged);
    EXPECT_EQ(ids(merged), Strings{"c1:80/tcp"});
    merged = merge_all({}, merged);
    merged = merge_all({consul}, merged);
    EXPECT_EQ(ids(merged), Strings{"n|a"});
}

TEST(Merge, a_split_keeps_one_name_and_makes_another) {
    auto a = seen("consul:dc1", "n|a", {"10.0.0.1:80"}), b = seen("consul:dc1", "n|b", {"10.0.0.1:80"});
    auto merged = merge_all({a, b});
    b.addresses = {config::parse_address("10.0.0.2:80").value()};
    merged = merge_all({a, b}, merged);
    EXPECT_EQ(ids(merged), (Strings{"n|a", "n|b"}));
    b.addresses = a.addresses;
    merged = merge_all({b}, merged);
    EXPECT_EQ(ids(merged), Strings{"n|b"});
    merged = merge_all({seen("static", "n|b", {"10.0.0.9:80"}), b}, merged);
    EXPECT_EQ(ids(merged), (Strings{"n|b", "n|b#2"}));
}

TEST(Merge, Case66_the_worst_live_word_holds) {
    auto consul = seen("consul:dc1", "n|a", {"10.0.0.1:80"});
    auto docker = seen("docker:h2", "c1:80/tcp", {"10.0.0.1:80"});
    docker.status = Status::draining;
    docker.why = "stop signal";
    auto one = merge_all({consul, docker}).service.endpoints.at(0);
    EXPECT_EQ(one.status, Status::draining);
    EXPECT_EQ(one.why, "stop signal");
    docker.status = Status::up;
    consul.status = Status::down;
    EXPECT_EQ(merge_all({consul, docker}).service.endpoints.at(0).status, Status::down);
    consul.held = true;  // an old word against a live one
    one = merge_all({consul, docker}).service.endpoints.at(0);
    EXPECT_EQ(one.status, Status::up);
    EXPECT_FALSE(one.held);
    one = merge_all({consul}).service.endpoints.at(0);
    EXPECT_EQ(one.status, Status::down);
    EXPECT_TRUE(one.held);
}

TEST(Merge, a_new_process_under_an_old_name_is_a_new_incarnation) {
    auto consul = seen("consul:dc1", "n|a", {"10.0.0.1:80"});
    auto docker = seen("docker:h2", "c1:80/tcp", {"10.0.0.1:80"});
    consul.incarnation = "10.0.0.1:80";
    docker.incarnation = "start 1";
    auto merged = merge_all({docker});
    const auto first = merged.service.endpoints[0].incarnation;
    merged = merge_all({consul, docker}, merged);
    EXPECT_EQ(merged.service.endpoints[0].incarnation, first) << "a further witness is no restart";
    docker.incarnation = "start 2";
    merged = merge_all({consul, docker}, merged);
    const auto second = merged.service.endpoints[0].incarnation;
    EXPECT_NE(second, first);
    merged = merge_all({consul, docker}, merged);
    EXPECT_EQ(merged.service.endpoints[0].incarnation, second);
    consul.incarnation = "10.0.0.1:81";
    merged = merge_all({consul, docker}, merged);
    EXPECT_NE(merged.service.endpoints[0].incarnation, second);
    EXPECT_EQ(ids(merged), Strings{"c1:80/tcp"});
}

TEST(Merge, a_reused_address_belongs_to_the_newer_container) {
    const auto old_one = seen("docker:h2", "aaaa:80/tcp", {"172.17.0.2:80", "192.168.1.12:32768"});
    const auto new_one = seen("docker:h2", "bbbb:80/tcp", {"172.17.0.2:80", "192.168.1.12:32769"});
    auto merged = merge_all({old_one});
    merged = merge_all({old_one, new_one}, merged);
    ASSERT_EQ(ids(merged), (Strings{"aaaa:80/tcp", "bbbb:80/tcp"}));
    EXPECT_EQ(addresses_of(merged.service.endpoints[0]), Strings{"192.168.1.12:32768"});
    EXPECT_EQ(addresses_of(merged.service.endpoints[1]), (Strings{"172.17.0.2:80", "192.168.1.12:32769"}));
    const auto robbed = seen("docker:h2", "cccc:80/tcp", {"172.17.0.9:80"});
    merged = merge_all({robbed});
    merged = merge_all({robbed, seen("docker:h2", "dddd:80/tcp", {"172.17.0.9:80"})}, merged);
    EXPECT_EQ(ids(merged), Strings{"dddd:80/tcp"});
}

TEST(Merge, private_addresses_of_two_engines_are_not_one_place) {
    const auto h2 = seen("docker:h2", "aaaa:80/tcp", {"192.168.1.12:32768", "172.17.0.2:80"});
    const auto h3 = seen("docker:h3", "bbbb:80/tcp", {"192.168.1.13:32768", "172.17.0.2:80"});
    auto merged = merge_all({h2, h3});
    ASSERT_EQ(merged.service.endpoints.size(), 2U);
    EXPECT_EQ(addresses_of(merged.service.endpoints[0]), Strings{"192.168.1.12:32768"});
    EXPECT_EQ(addresses_of(merged.service.endpoints[1]), Strings{"192.168.1.13:32768"});
    auto local = seen("docker:h1", "cccc:80/tcp", {"172.17.0.2:80"});
    local.local_source = true;
    merged = merge_all({h2, h3, local});
    ASSERT_EQ(merged.service.endpoints.size(), 3U);
    EXPECT_EQ(addresses_of(merged.service.endpoints[2]), Strings{"172.17.0.2:80"});
}

TEST(Merge, the_same_container_seen_through_two_names_of_its_engine_is_one) {
    const auto merged = merge_all({seen("docker:a", "aaaa:80/tcp", {"172.17.0.2:80"}), seen("docker:b", "aaaa:80/tcp", {"172.17.0.2:80"})});
    EXPECT_EQ(merged.service.endpoints.size(), 1U);
}

TEST(Merge, a_registry_that_still_names_a_dead_container_is_not_believed) {
    auto consul = seen("consul:dc1", "n|a", {"10.0.0.1:80"});
    const auto docker = seen("docker:h2", "c1:80/tcp", {"10.0.0.1:80"});
    auto merged = merge_all({consul, docker});
    merged = merge_all({consul}, merged);
    EXPECT_EQ(merged.service.endpoints[0].status, Status::down);
    EXPECT_EQ(merged.service.endpoints[0].why, "docker:h2 saw its container end");
    merged = merge_all({consul}, merged);
    EXPECT_EQ(merged.service.endpoints[0].status, Status::down) << "until something new is said";
    merged = merge_all({consul, docker}, merged);
    EXPECT_EQ(merged.service.endpoints[0].status, Status::up);
    merged = merge_all({consul}, merged);
    consul.incarnation = "moved";
    merged = merge_all({consul}, merged);
    EXPECT_EQ(merged.service.endpoints[0].status, Status::up);
}

TEST(Merge, what_a_person_wrote_counts_before_registries_and_engines) {
    auto by_hand = seen("static", "10.0.0.1:80", {"10.0.0.1:80"});
    auto consul = seen("consul:dc1", "n|a", {"10.0.0.1:80"});
    consul.weight = 5;
    consul.labels = {{"host", "consul"}, {"path", "/c"}};
    auto docker = seen("docker:h2", "c1:80/tcp", {"10.0.0.1:80"});
    docker.weight = 7;
    docker.labels = {{"host", "docker"}, {"x", "y"}};
    docker.drain = config::Duration{3000};
    auto one = merge_all({docker, consul, by_hand}).service.endpoints.at(0);
    EXPECT_EQ(one.weight, 5U);
    EXPECT_EQ(one.labels, (std::map<std::string, std::string>{{"host", "consul"}, {"path", "/c"}, {"x", "y"}}));
    EXPECT_EQ(one.drain, config::Duration{3000});
    EXPECT_FALSE(one.discovered);
    by_hand.weight = 9;
    one = merge_all({docker, consul, by_hand}).service.endpoints.at(0);
    EXPECT_EQ(one.weight, 9U);
}

TEST(Merge, tells_discovered_from_written) {
    auto named = seen("static", "web:80@10.0.0.1", {"10.0.0.1:80"});
    EXPECT_FALSE(merge_all({named}).service.endpoints.at(0).discovered);
    named.resolved = true;
    EXPECT_TRUE(merge_all({named}).service.endpoints.at(0).discovered);
    EXPECT_FALSE(merge_all({seen("file:/e", "10.0.0.1:80", {"10.0.0.1:80"})}).service.endpoints.at(0).discovered);
    EXPECT_TRUE(merge_all({seen("docker:h2", "c:80/tcp", {"10.0.0.1:80"})}).service.endpoints.at(0).discovered);
}

TEST(Merge, keeps_the_address_in_use_first_when_witnesses_come_and_go) {
    const auto docker = seen("docker:h2", "c1:80/tcp", {"10.0.0.1:32768", "172.17.0.2:80"});
    const auto consul = seen("consul:dc1", "n|a", {"172.17.0.2:80"});
    auto merged = merge_all({docker});
    merged = merge_all({consul, docker}, merged);
    EXPECT_EQ(addresses_of(merged.service.endpoints[0]), (Strings{"10.0.0.1:32768", "172.17.0.2:80"}));
}

TEST(Merge, one_instance_found_by_two_queries_is_one_witness) {
    auto live = seen("consul:dc1", "n|a", {"10.0.0.1:80"}), held = live;
    held.held = true;
    for (const auto& facts : {std::vector{live, held}, std::vector{held, live}}) {
        const auto merged = merge_all(facts);
        ASSERT_EQ(merged.service.endpoints.size(), 1U);
        EXPECT_EQ(merged.service.endpoints[0].witnesses.size(), 1U);
        EXPECT_FALSE(merged.service.endpoints[0].held);
    }
}

// Random histories: few keys and few addresses, so that everything collides.

std::vector<Fact> random_facts() {
    std::vector<Fact> facts;
    const auto count = *rc::gen::inRange(0, 9);
    for (int i = 0; i < count; ++i) {
        static const std::vector<std::string> sources{"static", "consul:dc1", "docker:h2", "docker:h3"};
        const auto& source = sources[*rc::gen::inRange<std::size_t>(0, sources.size())];
        Fact fact;
        fact.key = {source, std::string(1, *rc::gen::inRange('a', 'f')) + ":80"};
        const auto places = *rc::gen::inRange(1, 3);
        for (int place = 0; place < places; ++place) {
            const auto address = config::parse_address("10.0.0." + std::to_string(*rc::gen::inRange(1, 6)) + ":80").value();
            if (std::find(fact.addresses.begin(), fact.addresses.end(), address) == fact.addresses.end()) {
                fact.addresses.push_back(address);
            }
        }
        fact.status = static_cast<Status>(*rc::gen::inRange(0, 5));
        fact.incarnation = std::string(1, *rc::gen::inRange('x', 'z'));
        fact.held = *rc::gen::inRange(0, 4) == 0;
        fact.registrator_id = *rc::gen::inRange(0, 3) == 0 ? "r" + std::to_string(*rc::gen::inRange(0, 2)) : "";
        const auto same = [&](const Fact& other) { return other.key == fact.key; };
        if (std::none_of(facts.begin(), facts.end(), same)) {
            facts.push_back(fact);
        }
    }
    return facts;
}

RC_GTEST_PROP(MergeProperty, every_witness_once_ids_unique_no_address_twice, ()) {
    Merged merged;
    const auto steps = *rc::gen::inRange(1, 6);
    for (int step = 0; step < steps; ++step) {
        const auto facts = random_facts();
        const Merged former = merged;
        merged = merge_all(facts, former);
        std::set<std::string> names;
        std::set<EndpointKey> witnesses;
        std::set<config::Address> places;
        for (const Endpoint& endpoint : merged.service.endpoints) {
            RC_ASSERT(names.insert(endpoint.id).second);
            RC_ASSERT(!endpoint.addresses.empty());
            RC_ASSERT(std::is_sorted(endpoint.witnesses.begin(), endpoint.witnesses.end()));
            for (const EndpointKey& key : endpoint.witnesses) {
                RC_ASSERT(witnesses.insert(key).second);
            }
            for (const config::Address& address : endpoint.addresses) {
                RC_ASSERT(places.insert(address).second);
            }
        }
        for (const EndpointKey& key : witnesses) {
            RC_ASSERT(std::any_of(facts.begin(), facts.end(), [&](const Fact& fact) { return fact.key == key; }));
        }
        for (const Fact& fact : facts) {  // only a container that lost every address to another may be missing
            RC_ASSERT(witnesses.contains(fact.key) || from_engine(fact.key));
        }
        RC_ASSERT(std::is_sorted(names.begin(), names.end()));
        RC_ASSERT(merge_all(facts, merged).service == merged.service);  // nothing new, nothing changes
    }
}

RC_GTEST_PROP(MergeProperty, the_order_of_facts_means_nothing, ()) {
    auto facts = random_facts();
    const auto former = merge_all(random_facts());
    const auto merged = merge_all(facts, former);
    std::mt19937 random(*rc::gen::inRange(0U, 1000U));
    std::shuffle(facts.begin(), facts.end(), random);
    RC_ASSERT(merge_all(facts, former).service == merged.service);
}

}  // namespace
}  // namespace cardea::discovery
