#include "tests/support/discovery/docker_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cardea::docker {
namespace {

using discovery::Status;
using test::container_id;
using test::DockerWorld;
using test::FakeContainer;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

FakeContainer web(const std::string& name, int port = 32768) {
    FakeContainer container;
    container.name = name;
    const auto text = std::to_string(port);
    container.ports["80/tcp"] = {"0.0.0.0:" + text, ":::" + text};
    container.networks["bridge"] = "172.17.0." + std::to_string(port % 200 + 2);
    return container;
}

TEST(Machine, pings_subscribes_lists_inspects_and_only_then_publishes) {
    DockerWorld world;
    world.add(web("web01", 32768));
    world.add(web("web02", 32769));
    world.start();
    ASSERT_GE(world.asked.size(), 6U);
    EXPECT_EQ(world.asked[0], "/_ping");
    EXPECT_THAT(world.asked[1], HasSubstr("/v1.41/events?since=1795376990&filters=%7B%22type"));
    EXPECT_TRUE(world.status.connected);
    EXPECT_TRUE(world.status.synced);
    EXPECT_EQ(world.log.size(), 1U);
    EXPECT_THAT(world.names("web"), ElementsAre("web01", "web02"));
    const auto& fact = world.fact("web");
    EXPECT_EQ(fact.key.source, "docker:local");
    EXPECT_EQ(fact.key.instance, container_id("web01").substr(0, 12) + ":80/tcp");
    EXPECT_EQ(fact.registrator_id, "h2:web01:80");
    EXPECT_TRUE(fact.local_source);
    EXPECT_EQ(fact.drain, config::Duration{10s});
    EXPECT_THAT(fact.incarnation, HasSubstr("@2026-11-22T19:49:52."));
}

TEST(Machine, an_engine_without_containers_is_a_complete_answer) {
    DockerWorld world;
    world.start();
    EXPECT_TRUE(world.status.connected);
    EXPECT_TRUE(world.status.synced);
    EXPECT_THAT(world.log, IsEmpty());
}

TEST(Machine, a_started_container_is_published_after_its_inspection_and_a_dead_one_leaves_at_once) {
    DockerWorld world;
    world.start();
    world.run(web("web01"));
    EXPECT_THAT(world.names("web"), ElementsAre("web01"));
    const auto before = world.asked.size();
    world.die("web01");
    EXPECT_EQ(world.asked.size(), before);  // nothing had to be asked
    EXPECT_THAT(world.published.at("web"), IsEmpty());
    EXPECT_EQ(world.log.back().evidence, discovery::Evidence::strong);
    EXPECT_EQ(world.log.back().cause, "event die");
    world.emit("stop", "web01");
    world.emit("destroy", "web01");
    EXPECT_EQ(world.log.size(), 2U);
}

// case 33
TEST(Machine, Case33_a_restart_is_another_incarnation_with_its_new_port) {
    DockerWorld world;
    world.start();
    world.run(web("web01", 32768));
    const auto first = world.fact("web").incarnation;
    world.die("web01");
    world.at("web01").ports = {{"80/tcp", {"0.0.0.0:32776"}}};
    world.restart("web01");
    EXPECT_NE(world.fact("web").incarnation, first);
    EXPECT_EQ(config::to_string(world.fact("web").addresses.front()), "192.0.2.2:32776");
}

// case 39
TEST(Machine, Case39_health_follows_the_events_alone) {
    DockerWorld world;
    world.start();
    auto container = web("web01");
    container.health = "starting";
    world.run(container);
    EXPECT_THAT(world.names("web", Status::starting), ElementsAre("web01"));
    const auto asked = world.asked.size();
    world.emit("health_status: healthy", "web01");
    EXPECT_THAT(world.names("web"), ElementsAre("web01"));
    world.emit("health_status: unhealthy", "web01");
    EXPECT_THAT(world.names("web", Status::down), ElementsAre("web01"));
    EXPECT_THAT(world.fact("web").why, HasSubstr("HEALTHCHECK"));
    EXPECT_EQ(world.asked.size(), asked);
}

// cases 40 and 43
TEST(Machine, Case40_its_stop_signal_drains_a_container_and_surviving_it_brings_it_back) {
    DockerWorld world;
    world.start();
    world.run(web("web01"));
    world.kill("web01", "15");
    EXPECT_THAT(world.names("web", Status::draining), ElementsAre("web01"));
    world.pass(11s);
    EXPECT_THAT(world.names("web", Status::draining), ElementsAre("web01"));
    world.pass(2s);
    EXPECT_THAT(world.names("web"), ElementsAre("web01"));
}

TEST(Machine, Case43_the_grace_is_the_containers_own) {
    DockerWorld world;
    world.start();
    auto container = web("web01");
    container.stop_timeout = 60;
    world.run(container);
    EXPECT_EQ(world.fact("web").drain, config::Duration{60s});
    world.kill("web01", "15");
    world.pass(61s);
    EXPECT_THAT(world.names("web", Status::draining), ElementsAre("web01"));
    world.kill("web01", "9");
    world.die("web01");
    EXPECT_THAT(world.published.at("web"), IsEmpty());
    world.pass(10s);
    EXPECT_THAT(world.published.at("web"), IsEmpty());
}

// case 41
TEST(Machine, Case41_other_signals_drain_nobody) {
    DockerWorld world;
    world.start();
    world.run(web("web01"));
    const auto published = world.log.size();
    for (const char* signal : {"1", "10", "12", "28"}) {
        world.kill("web01", signal);
    }
    EXPECT_EQ(world.log.size(), published);
    EXPECT_THAT(world.names("web"), ElementsAre("web01"));
}

// case 42
TEST(Machine, Case42_a_containers_own_stop_signal_counts_by_name_and_number) {
    for (const char* signal : {"SIGQUIT", "QUIT", "3"}) {
        DockerWorld world;
        world.start();
        auto container = web("web01");
        container.stop_signal = signal;
        world.run(container);
        world.kill("web01", "3");
        EXPECT_THAT(world.names("web", Status::draining), ElementsAre("web01")) << signal;
    }
}

TEST(Machine, a_label_that_hides_the_signal_is_not_believed) {
    DockerWorld world;
    world.start();
    auto container = web("web01");
    container.labels = {{"signal", "15"}, {"exitCode", "y"}};
    world.run(container);
    const auto asked = world.asked.size();
    world.kill("web01", "1");
    EXPECT_THAT(world.names("web"), ElementsAre("web01"));
    EXPECT_EQ(world.asked.size(), asked + 1);  // looked at instead
    world.die("web01");
    EXPECT_THAT(world.published.at("web"), IsEmpty());
}

TEST(Machine, a_kill_before_the_first_inspection_counts) {
    DockerWorld world;
    world.start();
    world.held = {"/containers/" + container_id("web01")};
    world.run(web("web01"));
    world.kill("web01", "15");
    world.release();
    EXPECT_THAT(world.names("web", Status::draining), ElementsAre("web01"));
}

// case 53
TEST(Machine, Case53_pause_suspends_and_unpause_brings_back_without_asking) {
    DockerWorld world;
    world.start();
    world.run(web("web01"));
    const auto asked = world.asked.size();
    world.emit("pause", "web01");
    EXPECT_THAT(world.names("web", Status::paused), ElementsAre("web01"));
    world.emit("unpause", "web01");
    EXPECT_THAT(world.names("web"), ElementsAre("web01"));
    EXPECT_EQ(world.asked.size(), asked);
}

TEST(Machine, a_paused_container_in_the_first_list_is_paused) {
    DockerWorld world;
    world.add(web("web01")).state = "paused";
    world.start();
    EXPECT_THAT(world.names("web", Status::paused), ElementsAre("web01"));
}

// case 44
TEST(Machine, Case44_a_container_started_between_the_subscription_and_the_list_is_found_once) {
    DockerWorld world;
    world.held = {"/containers/json"};
    world.start();
    world.run(web("web01"));
    EXPECT_FALSE(world.status.synced);
    world.release();
    EXPECT_TRUE(world.status.synced);
    EXPECT_THAT(world.names("web"), ElementsAre("web01"));
}

TEST(Machine, a_container_that_died_after_the_list_was_made_does_not_stay) {
    DockerWorld world;
    world.add(web("web01"));
    world.start();
    world.run(web("web02", 32769));
    world.held = {"/containers/" + container_id("web03")};
    world.run(web("web03", 32770));
    world.die("web03");
    world.release();
    EXPECT_THAT(world.names("web"), ElementsAre("web01", "web02"));
}

// case 45
TEST(Machine, events_may_be_cut_anywhere) {
    DockerWorld world;
    world.start();
    world.add(web("web01"));
    const std::string id = container_id("web01");
    const std::string event = R"({"Type":"container","Action":"start","Actor":{"ID":")" + id +
                              R"(","Attributes":{"a":"}{\"\\"}},"timeNano":1795376993000000000})";
    for (const char c : event + "\r\n\n") {
        world.raw(std::string(1, c));
    }
    EXPECT_THAT(world.names("web"), ElementsAre("web01"));
    world.raw(R"({"Type":"container","Action":"pause","Actor":{"ID":")" + id +
              R"("},"timeNano":1795376994000000000}{"Type":"container","Action":"unpause","Actor":{"ID":")" + id +
              R"("},"timeNano":1795376995000000000})");
    EXPECT_THAT(world.names("web"), ElementsAre("web01"));
    world.raw("not json\n{\"Type\":7}\n{broken\n");
    world.pass(1s);
    EXPECT_TRUE(world.status.connected);
}

// case 46
TEST(Machine, Case46_lost_events_are_repaired_by_the_list_within_66_seconds) {
    DockerWorld world;
    world.start();
    world.run(web("web01", 32768));
    world.run(web("web02", 32769));
    world.run(web("web03", 32770));
    world.emits = false;
    world.die("web01");
    world.at("web02").state = "paused";
    world.at("web03").ports = {{"80/tcp", {"0.0.0.0:40000"}}};
    world.run(web("web04", 32771));
    world.pass(67s);
    EXPECT_THAT(world.names("web", Status::paused), ElementsAre("web02"));
    EXPECT_THAT(world.names("web"), ElementsAre("web03", "web04"));
    EXPECT_EQ(world.fact("web", 1).addresses.front().port, 40000);
}

TEST(Machine, a_list_without_news_inspects_and_publishes_nothing) {
    DockerWorld world;
    world.start();
    world.run(web("web01"));
    world.pass(67s);
    const auto published = world.log.size();
    const auto inspections =
        std::count_if(world.asked.begin(), world.asked.end(), [](const auto& target) { return target.ends_with("/json"); });
    world.pass(200s);
    EXPECT_EQ(world.log.size(), published);
    EXPECT_EQ(std::count_if(world.asked.begin(), world.asked.end(), [](const auto& target) { return target.ends_with("/json"); }),
              inspections);
}

// case 47
TEST(Machine, Case47_a_late_inspection_does_not_bring_a_dead_container_back) {
    DockerWorld world;
    world.start();
    world.run(web("web01"));
    world.machine_.step(discovery::StreamData{}, world.now);
    world.held = {"/containers/" + container_id("web01")};
    world.emit("update", "web01");  // asks for an inspection, whose answer will say `running`
    world.emit("die", "web01");     // its state in the engine stays `running`: the answer was made before
    world.release();
    EXPECT_THAT(world.published.at("web"), IsEmpty());
}

TEST(Machine, an_answer_older_than_an_event_is_asked_for_again) {
    DockerWorld world;
    world.start();
    world.run(web("web01"));
    world.held = {"/containers/" + container_id("web01")};
    world.emit("update", "web01");
    world.emit("pause", "web01");
    EXPECT_THAT(world.names("web", Status::paused), ElementsAre("web01"));
    world.at("web01").state = "paused";
    const auto asked = world.asked.size();
    world.release();
    EXPECT_EQ(world.asked.size(), asked + 1);
    EXPECT_THAT(world.names("web", Status::paused), ElementsAre("web01"));
}

// case 48
TEST(Machine, Case48_a_container_gone_between_list_and_inspection_is_skipped) {
    DockerWorld world;
    world.add(web("web01"));
    world.add(web("web02", 32769));
    world.held = {"/containers/" + container_id("web01")};
    world.start();
    world.containers.erase("web01");
    world.release();
    EXPECT_TRUE(world.status.synced);
    EXPECT_THAT(world.names("web"), ElementsAre("web02"));
}

// case 49
TEST(Machine, Case49_losing_the_api_takes_no_endpoint_away) {
    DockerWorld world;
    world.start();
    world.run(web("web01"));
    world.run(web("web02", 32769));
    const auto published = world.log.size();
    world.refuses = true;
    world.end_stream();
    EXPECT_FALSE(world.status.connected);
    EXPECT_THAT(world.status.last_error, HasSubstr("connection re"));
    world.pass(300s);
    EXPECT_EQ(world.log.size(), published);
    EXPECT_THAT(world.names("web"), ElementsAre("web01", "web02"));
    world.containers.erase("web02");  // it ended meanwhile
    world.add(web("web03", 32770));
    world.refuses = false;
    world.pass(600ms);  // at most half a second after it answers again
    EXPECT_TRUE(world.status.connected);
    EXPECT_EQ(world.status.last_error, "");
    EXPECT_THAT(world.names("web"), ElementsAre("web01", "web03"));
}

TEST(Machine, a_refusing_daemon_is_asked_at_most_every_50_ms_and_at_least_every_half_second) {
    DockerWorld world;
    world.refuses = true;
    world.start();
    world.pass(10s);
    EXPECT_GE(world.asked.size(), 20U);
    EXPECT_LE(world.asked.size(), 45U);
    EXPECT_EQ(world.status.errors.at("connect"), world.asked.size());
}

// case 50
TEST(Machine, Case50_a_daemon_that_hangs_is_noticed_within_15_seconds) {
    DockerWorld world;
    world.start();
    world.run(web("web01"));
    world.hangs = true;
    world.pass(15s);
    EXPECT_FALSE(world.status.connected);
    EXPECT_EQ(world.status.errors.at("hung"), 1U);
    EXPECT_THAT(world.names("web"), ElementsAre("web01"));
    world.hangs = false;
    world.pass(5s);
    EXPECT_TRUE(world.status.connected);
}

// case 51
TEST(Machine, Case51_speaks_to_old_and_new_engines) {
    for (const auto& [version, prefix, new_shape] : std::vector<std::tuple<std::string, std::string, bool>>{
             {"1.24", "/v1.24/", false}, {"1.41", "/v1.41/", false}, {"1.52", "/v1.52/", true}, {"1.60", "/v1.52/", true}}) {
        DockerWorld world;
        world.max_version = version;
        world.new_shape = new_shape;
        world.start();
        world.run(web("web01"));
        EXPECT_THAT(world.names("web"), ElementsAre("web01")) << version;
        EXPECT_THAT(world.asked[1], HasSubstr(prefix)) << version;
        world.kill("web01", "15");
        EXPECT_THAT(world.names("web", Status::draining), ElementsAre("web01")) << version;
    }
}

TEST(Machine, an_engine_that_knows_none_of_our_versions_is_asked_in_its_own) {
    DockerWorld world;
    world.max_version = "1.70";
    world.min_version = "1.60";
    world.add(web("web01"));
    world.start();
    world.pass(10ms);
    EXPECT_TRUE(world.status.connected);
    EXPECT_THAT(world.names("web"), ElementsAre("web01"));
    EXPECT_THAT(world.asked, Contains(testing::StartsWith("/events?")));
    EXPECT_LE(world.asked.size(), 8U);
}

TEST(Machine, a_proxy_that_forbids_the_events_is_named_and_not_hammered) {
    DockerWorld world;
    world.status_of = [](const std::string& target) { return target.find("/events") != std::string::npos ? 403 : 200; };
    world.start();
    EXPECT_THAT(world.status.last_error, HasSubstr("403"));
    EXPECT_THAT(world.status.last_error, HasSubstr("/containers/json"));
    world.pass(10s);
    EXPECT_LE(world.asked.size(), 90U);
    EXPECT_FALSE(world.status.synced);
}

TEST(Machine, works_without_the_right_to_ask_info) {
    DockerWorld world;
    world.status_of = [](const std::string& target) { return target.find("/info") != std::string::npos ? 403 : 200; };
    world.add(web("web01"));
    world.start();
    EXPECT_THAT(world.names("web"), ElementsAre("web01"));
    EXPECT_EQ(world.fact("web").registrator_id, "");
}

TEST(Machine, an_inspection_that_fails_delays_nobody_and_is_repeated) {
    DockerWorld world;
    bool broken = true;
    world.status_of = [&](const std::string& target) {
        return broken && target.find(container_id("web01")) != std::string::npos ? 500 : 200;
    };
    world.add(web("web01"));
    world.add(web("web02", 32769));
    world.start();
    EXPECT_TRUE(world.status.synced);
    EXPECT_THAT(world.names("web"), ElementsAre("web02"));
    world.pass(5s);
    EXPECT_LE(world.status.errors.at("inspect"), 6U);
    broken = false;
    world.pass(1s);
    EXPECT_THAT(world.names("web"), ElementsAre("web01", "web02"));
}

TEST(Machine, does_not_spin_while_a_repeated_inspection_waits_for_its_turn) {
    DockerWorld world;
    bool broken = true;
    world.status_of = [&](const std::string& target) { return broken && target.find("/containers/77") != std::string::npos ? 500 : 200; };
    for (int i = 0; i < 20; ++i) {
        world.add(web("web" + std::to_string(100 + i), 32768 + i));
    }
    world.start();  // all have failed once
    world.held = {"/containers/77"};
    world.wakes = 0;
    world.pass(4s);  // eight are under way for longer than the others' pause
    EXPECT_LE(world.wakes, 30);
    broken = false;
    world.release();
    world.pass(3s);
    EXPECT_EQ(world.published.at("web").size(), 20U);
}

// case 52
TEST(Machine, Case52_an_address_follows_its_networks) {
    DockerWorld world;
    world.start();
    auto container = web("web01");
    container.ports = {{"80/tcp", {}}};
    container.labels = {{"cardea.enable", "true"}};
    world.run(container);
    EXPECT_THAT(world.facts("web"), ElementsAre("web01 up 172.17.0.170:80"));
    world.at("web01").networks = {};
    world.network_event("disconnect", "web01");
    world.network_event("disconnect", "web01");
    EXPECT_THAT(world.facts("web"), IsEmpty());
    world.at("web01").networks = {{"front", "10.1.0.7"}};
    world.network_event("connect", "web01");
    EXPECT_THAT(world.facts("web"), ElementsAre("web01 up 10.1.0.7:80"));
}

// case 54
TEST(Machine, Case54_a_container_that_uses_anothers_network_follows_it) {
    DockerWorld world;
    world.start();
    world.run(web("pod", 32768));
    FakeContainer side;
    side.name = "side";
    side.mode = "container:" + container_id("pod");
    side.networks = {};
    side.labels = {{"cardea.service", "side"}, {"cardea.port", "8080"}};
    world.run(side);
    EXPECT_THAT(world.facts("side"), ElementsAre("side up 172.17.0.170:8080"));
    world.die("pod");
    EXPECT_THAT(world.facts("side"), IsEmpty());
    world.at("pod").networks["bridge"] = "172.17.0.9";
    world.restart("pod");
    EXPECT_THAT(world.facts("side"), ElementsAre("side up 172.17.0.9:8080"));
}

TEST(Machine, networks_that_join_in_a_circle_are_nobodys) {
    DockerWorld world;
    world.start();
    for (const char* name : {"a", "b"}) {
        FakeContainer container;
        container.name = name;
        container.mode = "container:" + container_id(name[0] == 'a' ? "b" : "a");
        container.labels = {{"cardea.port", "80"}};
        world.run(container);
    }
    EXPECT_THAT(world.facts("web"), IsEmpty());
    EXPECT_TRUE(world.status.connected);
}

// case 55
TEST(Machine, names_follow_a_rename) {
    DockerWorld world;
    world.start();
    world.run(web("web01"));
    auto renamed = world.at("web01");
    const auto id = container_id("web01");
    world.held = {"/containers/" + id};
    world.emit("rename", "web01", {{"oldName", "/web01"}});
    EXPECT_EQ(world.fact("web").labels.at("container"), "web01");
    const std::string answer =
        R"({"Id":")" + id + R"(","Name":"/web09","State":{"Status":"running","Running":true,"StartedAt":"2026-11-22T19:49:52.5Z"},)" +
        R"("Config":{"Image":"web:1"},"NetworkSettings":{"Ports":{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"32768"}]}}})";
    world.tell(discovery::Answered{world.waiting.begin()->first, 200, {}, answer});
    EXPECT_EQ(world.fact("web").labels.at("container"), "web09");
    EXPECT_EQ(world.fact("web").registrator_id, "h2:web09:80");
}

TEST(Machine, Case55_a_thousand_restarts_leave_nothing_behind) {
    DockerWorld world;
    world.start();
    for (int i = 0; i < 1'000; ++i) {
        const auto name = "web" + std::to_string(i % 50);
        world.run(web(name, 32768 + i % 50));
        world.kill(name, "15");
        world.die(name);
        world.containers.erase(name);
        world.emit("destroy", name);
    }
    EXPECT_THAT(world.published.at("web"), IsEmpty());
    EXPECT_THAT(world.waiting, IsEmpty());
    EXPECT_THAT(world.status.notes, IsEmpty());
    world.run(web("web01"));
    EXPECT_THAT(world.names("web"), ElementsAre("web01"));
}

TEST(Machine, at_most_eight_inspections_are_under_way) {
    DockerWorld world;
    for (int i = 0; i < 40; ++i) {
        world.add(web("web" + std::to_string(100 + i), 32768 + i));
    }
    world.held = {"/containers/7"};
    world.start();
    EXPECT_EQ(world.waiting.size(), 8U);
    world.release();
    EXPECT_EQ(world.published.at("web").size(), 40U);
    EXPECT_LE(world.most_waiting, 9U);
}

TEST(Machine, replayed_events_do_not_take_a_new_process_away) {
    DockerWorld world;
    world.start();
    world.run(web("web01"));
    const auto published = world.log.size();
    const auto id = container_id("web01");
    world.raw(R"({"Type":"container","Action":"die","Actor":{"ID":")" + id + R"("},"timeNano":1795376991000000000})");
    EXPECT_EQ(world.log.size(), published);
    EXPECT_THAT(world.names("web"), ElementsAre("web01"));
}

TEST(Machine, a_die_that_looks_old_because_the_clock_was_set_back_still_counts) {
    DockerWorld world;
    world.start();
    world.run(web("web01"));
    world.at("web01").state = "exited";
    const auto id = container_id("web01");
    world.raw(R"({"Type":"container","Action":"die","Actor":{"ID":")" + id + R"("},"timeNano":1000})");
    EXPECT_THAT(world.published.at("web"), IsEmpty());
}

TEST(Machine, asks_to_be_woken_rarely_while_nothing_happens) {
    DockerWorld world;
    world.start();
    world.run(web("web01"));
    world.wakes = 0;
    world.pass(600s);
    EXPECT_LE(world.wakes, 80);  // a ping every 10 s and a list every minute
    EXPECT_LE(world.asked.size(), 90U);
}

}  // namespace
}  // namespace cardea::docker
