// What users live through, from Consul's answers to the catalog: the machine and the pipeline together on a fake clock.

#include "discovery/pipeline.hpp"
#include "tests/support/world.hpp"

#include "discovery/make_provider.hpp"

#include <gtest/gtest.h>
#include <set>

namespace cardea::consul {
namespace {

using namespace std::chrono_literals;
using discovery::Status;
using test::World;
using Strings = std::vector<std::string>;

config::Config story_config(const Strings& services, const std::string& token = {}) {
    config::Config config;
    config.discovery.consul.push_back({.name = "dc1", .addresses = {config::parse_address("10.9.9.9:8500").value()}, .token = token});
    config.discovery.docker.push_back({.name = "h2", .endpoint = config::parse_address("10.9.9.2:2375").value()});
    for (const auto& service : services) {
        config::Route route;
        route.action = config::ToService{service};
        config.routes.push_back(route);
    }
    return config;
}

struct Story {
    config::Config config;
    World world;
    discovery::Pipeline pipeline{{}};
    std::size_t catalog_changes{0};
    std::set<std::string> dead{};  ///< addresses where nobody answers a probe

    explicit Story(const Strings& services = {"web"}, const std::string& token = {})
        : config(story_config(services, token)), world(discovery::make_consul(config.discovery.consul[0], {}, 11)) {
        pipeline.configure(config);
        world.on_publish = [this](const discovery::Publish& publish) { note(pipeline.apply("consul:dc1", publish)); };
        world.want(pipeline.wanted("consul:dc1"));
        world.run(1ms);
    }
    Story(const Story&) = delete;

    void note(const discovery::Changes& changes) { catalog_changes += changes.upstreams.size(); }
    void put(const std::string& id, const std::string& address, const std::string& service = "web") {
        world.consul().put(service, {.id = id, .address = address});
    }
    /// Lets time pass; every second what is held is probed.
    void run(config::Duration duration) {
        for (auto left = duration; left > 0ms; left -= std::min<config::Duration>(left, 1s)) {
            world.run(std::min<config::Duration>(left, 1s));
            probe();
        }
    }
    void probe() {
        Strings absent;
        for (const auto& endpoint : pipeline.catalog().at("web")->endpoints) {
            if (endpoint.held && dead.contains(config::to_string(endpoint.addresses.at(0)))) {
                absent.push_back(endpoint.id);
            }
        }
        for (const auto& id : absent) {
            note(pipeline.probe_failed("web", id));
        }
    }
    [[nodiscard]] const discovery::Endpoint* find(const std::string& address, const std::string& service = "web") const {
        for (const auto& endpoint : pipeline.catalog().at(service)->endpoints) {
            if (config::to_string(endpoint.addresses.at(0)) == address) {
                return &endpoint;
            }
        }
        return nullptr;
    }
    /// `10.0.0.1:80 10.0.0.2:80*`: what may serve; a star marks what is held.
    [[nodiscard]] std::string serving(const std::string& service = "web") const {
        std::set<std::string> out;
        for (const auto& endpoint : pipeline.catalog().at(service)->endpoints) {
            if (endpoint.status == Status::up) {
                out.insert(config::to_string(endpoint.addresses.at(0)) + (endpoint.held ? "*" : ""));
            }
        }
        std::string text;
        for (const auto& one : out) {
            text += (text.empty() ? "" : " ") + one;
        }
        return text;
    }
};

TEST(ConsulStory, Case07_a_consul_that_lost_its_data_empties_nothing_that_answers) {
    Story story;
    story.put("1", "10.0.0.1");
    story.put("2", "10.0.0.2");
    story.run(5min);
    ASSERT_EQ(story.serving(), "10.0.0.1:80 10.0.0.2:80");
    const auto changes = story.catalog_changes;
    story.world.consul().refuses = true;
    story.run(30s);
    EXPECT_EQ(story.catalog_changes, changes) << "an outage alone changes nothing";
    story.world.consul().refuses = false;
    story.world.consul().lose_data();
    story.world.run(500ms);
    EXPECT_EQ(story.serving(), "10.0.0.1:80* 10.0.0.2:80*");
    EXPECT_TRUE(story.world.status().connected);
    story.run(1h);  // the same emptiness however long and often it repeats
    EXPECT_EQ(story.serving(), "10.0.0.1:80* 10.0.0.2:80*");
    story.put("3", "10.0.0.3");
    story.world.run(1ms);
    EXPECT_EQ(story.serving(), "10.0.0.1:80* 10.0.0.2:80* 10.0.0.3:80");
    story.put("1", "10.0.0.1");
    story.world.run(1ms);
    EXPECT_EQ(story.serving(), "10.0.0.1:80 10.0.0.2:80* 10.0.0.3:80");
    story.dead.insert("10.0.0.2:80");
    story.run(1s);
    EXPECT_EQ(story.serving(), "10.0.0.1:80 10.0.0.3:80");
}

TEST(ConsulStory, Case31_a_restart_without_an_outage_to_be_seen_is_noticed_by_the_index) {
    Story story;
    for (int i = 0; i < 50; ++i) {
        story.put("1", "10.0.0.1");
    }
    story.run(5min);
    story.world.consul().lose_data(3);
    story.run(70s);  // the real one answers a blocked call at once; at the latest its wait ends
    EXPECT_EQ(story.serving(), "10.0.0.1:80*");
    story.put("2", "10.0.0.2");
    story.world.run(1ms);
    EXPECT_EQ(story.serving(), "10.0.0.1:80* 10.0.0.2:80");
}

TEST(ConsulStory, older_data_keeps_what_it_lacks_and_obeys_what_follows) {
    Story story;
    story.put("1", "10.0.0.1");
    story.run(1min);
    const auto backup = story.world.consul();
    story.put("2", "10.0.0.2");
    story.put("3", "10.0.0.3");
    story.run(1min);
    story.world.consul().refuses = true;
    story.run(3s);
    story.world.consul() = backup;
    story.run(1s);
    EXPECT_EQ(story.serving(), "10.0.0.1:80 10.0.0.2:80* 10.0.0.3:80*");
    story.world.consul().remove("web", "1");  // a true removal after the return
    story.world.run(1ms);
    EXPECT_EQ(story.serving(), "10.0.0.2:80* 10.0.0.3:80*");
    story.put("2", "10.0.0.2");
    story.run(10min);  // settled: what never came back is gone
    EXPECT_EQ(story.serving(), "10.0.0.2:80");
}

TEST(ConsulStory, what_was_deregistered_during_an_outage_leaves_soon_after_it) {
    Story story({"web", "api"});
    story.put("1", "10.0.0.1");
    story.put("2", "10.0.0.2");
    story.put("3", "10.0.0.3");
    story.run(5min);
    story.world.consul().refuses = true;
    story.run(10s);
    story.world.consul().remove("web", "2");
    story.world.consul().remove("web", "3");
    story.dead.insert("10.0.0.2:80");
    story.world.consul().refuses = false;
    story.run(2s);
    EXPECT_EQ(story.serving(), "10.0.0.1:80 10.0.0.3:80*") << "the dead one by its probe";
    story.run(25s);
    EXPECT_EQ(story.serving(), "10.0.0.1:80") << "the other by the registry's word, confirmed";
}

TEST(ConsulStory, Case28_the_last_instance_leaves_and_another_comes) {
    Story story;
    EXPECT_EQ(story.serving(), "");
    story.put("1", "10.0.0.1");
    story.world.run(1ms);
    EXPECT_EQ(story.serving(), "10.0.0.1:80");
    story.world.consul().remove("web", "1");
    story.world.run(1s);
    EXPECT_EQ(story.serving(), "");
    story.run(1h);
    story.put("1", "10.0.0.1");
    story.world.run(1ms);
    EXPECT_EQ(story.serving(), "10.0.0.1:80");
    story.run(1h);
    story.world.consul().remove("web", "1");
    story.world.run(1ms);
    EXPECT_EQ(story.serving(), "");
}

TEST(ConsulStory, Case08_lost_rights_look_like_an_empty_registry_and_are_not_believed) {
    Story story({"web"}, "secret");
    story.put("1", "10.0.0.1");
    story.run(5min);
    story.world.consul().blind = true;
    story.put("2", "10.0.0.2");
    story.run(1h);
    EXPECT_EQ(story.serving(), "10.0.0.1:80*");
    story.world.consul().blind = false;
    story.put("3", "10.0.0.3");
    story.world.run(1ms);
    EXPECT_EQ(story.serving(), "10.0.0.1:80 10.0.0.2:80 10.0.0.3:80");
    story.run(5min);
    story.world.consul().always = discovery::Answered{.status = 403, .body = "ACL not found"};
    story.put("4", "10.0.0.4");
    story.run(10min);
    EXPECT_EQ(story.serving(), "10.0.0.1:80 10.0.0.2:80 10.0.0.3:80");
    EXPECT_EQ(story.world.status().last_error, "403 ACL not found");
}

TEST(ConsulStory, filtered_answers_take_nothing_away) {
    Story story;
    story.put("1", "10.0.0.1");
    story.put("2", "10.0.0.2");
    story.run(5min);
    story.world.consul().spoil = [](discovery::Answered& answer) {
        answer.headers.emplace_back("x-consul-results-filtered-by-acls", "true");
    };
    story.world.consul().remove("web", "2");
    story.run(10min);
    EXPECT_EQ(story.serving(), "10.0.0.1:80 10.0.0.2:80*");
}

TEST(ConsulStory, Case24_no_leader_no_removal) {
    Story story;
    story.put("1", "10.0.0.1");
    story.run(5min);
    story.world.consul().leader = false;
    story.world.consul().last_contact_ms = 60'000;
    story.world.consul().remove("web", "1");
    story.put("2", "10.0.0.2");
    story.run(5min);
    EXPECT_EQ(story.serving(), "10.0.0.1:80* 10.0.0.2:80");
    story.world.consul().leader = true;
    story.world.consul().last_contact_ms = 0;
    story.run(5min);
    EXPECT_EQ(story.serving(), "10.0.0.2:80");
}

TEST(ConsulStory, a_held_address_that_somebody_else_takes_is_let_go) {
    Story story({"web", "api"});
    story.put("1", "10.0.0.1");
    story.put("2", "10.0.0.2");
    story.put("a", "10.0.0.3", "api");
    story.run(5min);
    story.world.consul().refuses = true;
    story.run(1s);
    story.world.consul().refuses = false;
    story.world.consul().lose_data();
    story.run(1s);
    EXPECT_EQ(story.serving(), "10.0.0.1:80* 10.0.0.2:80*");
    story.put("b", "10.0.0.2", "api");
    story.world.run(1ms);
    EXPECT_EQ(story.serving("api"), "10.0.0.2:80 10.0.0.3:80*");
    EXPECT_EQ(story.serving(), "10.0.0.1:80*");
}

TEST(ConsulStory, Case19_maintenance_drains_and_coming_back_is_the_same_endpoint) {
    Story story;
    story.put("1", "10.0.0.1");
    story.put("2", "10.0.0.2");
    story.run(1min);
    const auto before = *story.find("10.0.0.1:80");
    story.world.consul().put("web", {.id = "1", .address = "10.0.0.1", .maintenance = true});
    story.world.run(1ms);
    EXPECT_EQ(story.find("10.0.0.1:80")->status, Status::draining);
    EXPECT_EQ(story.serving(), "10.0.0.2:80");
    story.put("1", "10.0.0.1");
    story.run(1s);
    EXPECT_EQ(*story.find("10.0.0.1:80"), before);
}

TEST(ConsulStory, Case20_warning_has_a_weight_of_its_own) {
    Story story;
    story.world.consul().put("web", {.id = "1", .address = "10.0.0.1", .status = "warning", .passing = 5, .warning = 2});
    story.world.consul().put("web", {.id = "2", .address = "10.0.0.2", .status = "warning", .passing = 5, .warning = 0});
    story.run(1s);
    EXPECT_EQ(story.find("10.0.0.1:80")->weight, 2U);
    EXPECT_EQ(story.find("10.0.0.2:80")->weight, 0U);
}

TEST(ConsulStory, Case23_the_order_of_an_answer_changes_nothing) {
    Story story;
    for (int i = 1; i <= 5; ++i) {
        story.put(std::to_string(i), "10.0.0." + std::to_string(i));
    }
    story.run(1min);
    const auto before = story.pipeline.catalog().at("web");
    const auto changes = story.catalog_changes;
    for (int i = 0; i < 5; ++i) {
        story.world.consul().shuffle("web");
        story.put("3", "10.0.0.3");
        story.run(1s);
    }
    EXPECT_EQ(story.catalog_changes, changes);
    EXPECT_EQ(story.pipeline.catalog().at("web"), before);
}

TEST(ConsulStory, Case21_an_instance_that_flaps_costs_at_most_a_few_changes_a_second) {
    Story story;
    story.put("1", "10.0.0.1");
    story.put("2", "10.0.0.2");
    story.run(1min);
    const auto changes = story.catalog_changes;
    for (int i = 0; i < 200; ++i) {
        story.world.consul().put("web", {.id = "2", .address = "10.0.0.2", .status = i % 2 == 0 ? "critical" : "passing"});
        story.world.run(50ms);
        EXPECT_NE(story.serving().find("10.0.0.1:80"), std::string::npos);
    }
    EXPECT_LE(story.catalog_changes - changes, 50U);
    story.run(1s);
    EXPECT_EQ(story.serving(), "10.0.0.1:80 10.0.0.2:80") << "the last word counts";
}

TEST(ConsulStory, an_unchanged_index_is_not_even_read) {
    Story story;
    story.put("1", "10.0.0.1");
    story.run(5min);
    story.world.consul().spoil = [](discovery::Answered& answer) { answer.body = "\x01 not JSON at all"; };
    story.run(5min);
    EXPECT_TRUE(story.world.status().errors.empty());
    EXPECT_EQ(story.serving(), "10.0.0.1:80");
}

TEST(ConsulStory, Case04_an_outage_of_ten_minutes_with_nothing_lost_changes_nothing) {
    Story story;
    story.put("1", "10.0.0.1");
    story.run(5min);
    const auto before = story.pipeline.catalog().at("web");
    const auto changes = story.catalog_changes;
    story.world.consul().always = discovery::Answered{.status = 500, .headers = {{"x-consul-index", "1"}}, .body = "No cluster leader"};
    story.run(10min);
    story.world.consul().always.reset();
    story.run(10min);
    EXPECT_EQ(story.catalog_changes, changes);
    EXPECT_EQ(story.pipeline.catalog().at("web"), before);
    EXPECT_TRUE(story.world.status().last_error.empty());
}

TEST(ConsulStory, Case72_emptied_by_weak_evidence_and_dead_is_one_change_each) {
    Story story;
    story.put("1", "10.0.0.1");
    story.run(5min);
    story.world.consul().refuses = true;
    story.run(1s);
    story.world.consul().refuses = false;
    story.world.consul().lose_data();
    story.dead.insert("10.0.0.1:80");
    const auto changes = story.catalog_changes;
    story.run(10min);
    EXPECT_EQ(story.serving(), "");
    EXPECT_EQ(story.catalog_changes - changes, 2U) << "held, then gone; never back and forth";
}

discovery::Publish engine_says(const Strings& containers) {
    discovery::Publish publish{.query = "web"};
    for (const auto& container : containers) {
        discovery::Fact fact;
        fact.key = {"docker:h2", container + ":80/tcp"};
        fact.service = "web";
        fact.incarnation = container;
        fact.addresses = {config::parse_address(container + ":80").value()};
        publish.facts.push_back(fact);
    }
    return publish;
}

TEST(ConsulStory, both_sources_count_an_instance_once_and_one_may_fail) {
    Story story;
    story.put("1", "10.0.0.1");
    story.put("2", "10.0.0.2");
    story.run(1min);
    story.note(story.pipeline.apply("docker:h2", engine_says({"10.0.0.1", "10.0.0.2", "10.0.0.3"})));
    EXPECT_EQ(story.serving(), "10.0.0.1:80 10.0.0.2:80 10.0.0.3:80");
    EXPECT_EQ(story.pipeline.catalog().at("web")->endpoints.size(), 3U);
    story.world.consul().refuses = true;
    story.run(5min);
    story.note(story.pipeline.apply("docker:h2", engine_says({"10.0.0.1", "10.0.0.3", "10.0.0.4"})));
    EXPECT_EQ(story.serving(), "10.0.0.1:80 10.0.0.3:80 10.0.0.4:80") << "the engine knows better than a silent registry";
    EXPECT_EQ(story.find("10.0.0.2:80")->why, "docker:h2 saw its container end");
}

TEST(ConsulStory, Case22_thousands_of_instances_are_no_trouble) {
    Story story;
    for (int i = 0; i < 3'000; ++i) {
        const auto host = "10.1." + std::to_string(i / 250) + "." + std::to_string(1 + i % 250);
        story.put(std::to_string(i), host);
    }
    story.run(1s);
    EXPECT_EQ(story.pipeline.catalog().at("web")->endpoints.size(), 3'000U);
    const auto sent = story.world.sent().size();
    for (int i = 0; i < 20; ++i) {
        story.world.consul().put("web", {.id = "7", .address = "10.1.0.8", .status = i % 2 == 0 ? "critical" : "passing"});
        story.world.run(10ms);
    }
    EXPECT_LE(story.world.sent().size() - sent, 6U);
}

}  // namespace
}  // namespace cardea::consul
