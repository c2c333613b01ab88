// A change of one instance must cost what one instance costs, and come to the same as merging everything anew.

#include "discovery/merge.hpp"
#include "discovery/pipeline.hpp"

#include <gtest/gtest.h>
#include <random>

namespace cardea::discovery {
namespace {

config::Config amended_config() {
    config::Config config;
    config.discovery.consul.push_back({.name = "dc1", .addresses = {config::parse_address("192.0.2.9:8500").value()}});
    for (const char* name : {"h2", "h3"}) {
        config.discovery.docker.push_back({.name = name, .endpoint = config::parse_address("192.0.2.8:2375").value()});
    }
    for (const char* name : {"web", "api"}) {
        config::Route route;
        route.action = config::ToService{name};
        config.routes.push_back(route);
    }
    return config;
}

Fact amended_fact(const std::string& source, std::size_t number, const std::string& service = "web") {
    Fact fact;
    fact.key = {source, "node" + std::to_string(number % 50) + "|instance-" + std::to_string(100'000 + number)};
    fact.service = service;
    const auto host =
        "10." + std::to_string(number / 65'536) + "." + std::to_string(number / 256 % 256) + "." + std::to_string(number % 256);
    fact.addresses = {config::make_address(host, 8080).value()};
    fact.incarnation = host;
    fact.registrator_id = "host:web" + std::to_string(number) + ":80";
    fact.tags = {"production", "version-1.2.3"};
    return fact;
}

std::vector<Fact> thousands(std::size_t count) {
    std::vector<Fact> facts;
    for (std::size_t i = 0; i < count; ++i) {
        facts.push_back(amended_fact("consul:dc1", i));
    }
    std::sort(facts.begin(), facts.end(), [](const Fact& a, const Fact& b) { return a.key < b.key; });
    return facts;
}

struct Amended {
    Pipeline pipeline{{}};
    Pipeline::Work before{};
    Amended() { pipeline.configure(amended_config()); }
    Changes say(const std::string& source, std::vector<Fact> facts, const std::string& query = "web") {
        before = pipeline.work();
        return pipeline.apply(source, {.query = query, .facts = std::move(facts)});
    }
    [[nodiscard]] std::uint64_t facts_merged() const { return pipeline.work().facts_merged - before.facts_merged; }
    [[nodiscard]] std::uint64_t upstreams_merged() const { return pipeline.work().upstreams_merged - before.upstreams_merged; }
    [[nodiscard]] std::size_t size() const { return pipeline.catalog().at("web")->endpoints.size(); }
};

TEST(Amend, one_change_among_ten_thousand_is_the_work_of_one) {
    Amended amended;
    auto facts = thousands(10'000);
    amended.say("consul:dc1", facts);
    amended.say("consul:dc1", {amended_fact("consul:dc1", 1, "api")}, "api");
    ASSERT_EQ(amended.size(), 10'000U);

    amended.say("consul:dc1", facts);
    EXPECT_EQ(amended.upstreams_merged(), 0U) << "nothing is new";

    facts[777].status = Status::down;
    auto changes = amended.say("consul:dc1", facts);
    EXPECT_EQ(changes.upstreams, std::set<std::string>{"web"});
    EXPECT_TRUE(changes.urgent);
    EXPECT_EQ(amended.upstreams_merged(), 1U);
    EXPECT_EQ(amended.facts_merged(), 1U);

    const Fact gone = facts[500];
    facts.erase(facts.begin() + 500);
    EXPECT_TRUE(amended.say("consul:dc1", facts).urgent);
    EXPECT_EQ(amended.facts_merged(), 0U);
    EXPECT_EQ(amended.size(), 9'999U);

    facts.insert(facts.begin() + 500, gone);
    EXPECT_FALSE(amended.say("consul:dc1", facts).urgent);
    EXPECT_EQ(amended.facts_merged(), 1U);
    EXPECT_EQ(amended.size(), 10'000U);
}

TEST(Amend, a_second_witness_touches_its_own_endpoint) {
    Amended amended;
    const auto facts = thousands(1'000);
    amended.say("consul:dc1", facts);
    Fact seen = amended_fact("docker:h2", 7);
    seen.addresses = {config::parse_address("172.17.0.7:80").value()};  // the registrator id is all they share
    amended.say("docker:h2", {seen});
    EXPECT_EQ(amended.facts_merged(), 2U);
    EXPECT_EQ(amended.size(), 1'000U);
    seen.status = Status::draining;
    amended.say("docker:h2", {seen});
    EXPECT_EQ(amended.facts_merged(), 2U);
    amended.say("docker:h2", {});
    EXPECT_EQ(amended.facts_merged(), 1U);
    EXPECT_EQ(amended.size(), 1'000U);
}

TEST(Amend, a_catalog_somebody_holds_does_not_change_under_him) {
    Amended amended;
    auto facts = thousands(10);
    amended.say("consul:dc1", facts);
    const auto held = amended.pipeline.catalog().at("web");
    const ServiceEndpoints copy = *held;
    facts[3].weight = 9;
    facts.pop_back();
    amended.say("consul:dc1", facts);
    EXPECT_EQ(*held, copy);
    EXPECT_EQ(amended.size(), 9U);
}

TEST(Amend, hundreds_of_changes_leave_as_much_as_one) {
    Amended amended;
    const auto facts = thousands(1'000);
    amended.say("consul:dc1", facts);
    const auto catalog = *amended.pipeline.catalog().at("web");
    for (std::size_t round = 0; round < 200; ++round) {
        auto next = facts;
        next[round % facts.size()].status = Status::down;
        next.erase(next.begin() + static_cast<std::ptrdiff_t>((round * 7) % facts.size()));
        amended.say("consul:dc1", next);
        ASSERT_LE(amended.facts_merged(), 4U);
    }
    amended.say("consul:dc1", facts);
    EXPECT_EQ(*amended.pipeline.catalog().at("web"), catalog);
}

/// Everything anew at every step, from the same facts.
struct Reference {
    std::map<std::string, std::vector<Fact>> said{};
    Merged merged{};
    void step() {
        std::vector<const Fact*> facts;
        for (const auto& [source, list] : said) {
            for (const Fact& fact : list) {
                facts.push_back(&fact);
            }
        }
        merged = merge("web", facts, merged);
    }
};

TEST(Amend, comes_to_the_same_as_everything_anew) {
    for (unsigned seed = 0; seed < 8; ++seed) {
        std::mt19937 random(seed);
        const auto any = [&random](unsigned below) { return static_cast<std::size_t>(random() % below); };
        Amended amended;
        Reference reference;
        std::map<std::string, std::map<EndpointKey, Fact>> world;
        for (int step = 0; step < 100; ++step) {
            const std::string source = std::vector<std::string>{"consul:dc1", "docker:h2", "docker:h3"}[any(3)];
            for (std::size_t changes = 1 + any(3); changes > 0; --changes) {
                Fact fact = amended_fact(source, any(30));
                fact.addresses.clear();
                for (std::size_t addresses = 1 + any(2); addresses > 0; --addresses) {
                    const auto address = config::make_address("10.0.0." + std::to_string(1 + any(60)), 80).value();
                    if (std::find(fact.addresses.begin(), fact.addresses.end(), address) == fact.addresses.end()) {
                        fact.addresses.push_back(address);
                    }
                }
                fact.registrator_id = any(2) == 0 ? "" : "host:web" + std::to_string(any(20)) + ":80";
                fact.incarnation = std::to_string(any(3));
                fact.status = static_cast<Status>(any(5));
                fact.weight = static_cast<std::uint32_t>(any(3));
                fact.local_source = any(2) == 0;
                if (any(3) == 0) {
                    world[source].erase(fact.key);
                } else {
                    world[source].insert_or_assign(fact.key, fact);
                }
            }
            std::vector<Fact> facts;
            for (const auto& [key, fact] : world[source]) {
                facts.push_back(fact);
            }
            reference.said[source] = facts;
            reference.step();
            amended.say(source, facts);
            ASSERT_EQ(amended.pipeline.catalog().at("web")->endpoints, reference.merged.service.endpoints)
                << "seed " << seed << " step " << step;
        }
        EXPECT_GT(amended.pipeline.work().upstreams_merged, 0U);
    }
}

}  // namespace
}  // namespace cardea::discovery
