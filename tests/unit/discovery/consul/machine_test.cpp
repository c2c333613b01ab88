#include "discovery/consul/machine.hpp"

#include "tests/support/world.hpp"

#include <gtest/gtest.h>
#include <set>

namespace cardea::consul {
namespace {

using namespace std::chrono_literals;
using discovery::Evidence;
using test::FakeConsul;
using test::World;
using Strings = std::vector<std::string>;

config::ConsulSource machine_source(std::size_t agents = 1) {
    config::ConsulSource source;
    source.name = "dc1";
    for (std::size_t i = 0; i < agents; ++i) {
        source.addresses.push_back(config::parse_address("10.9.9." + std::to_string(i + 1) + ":8500").value());
    }
    return source;
}

World make_world(const config::ConsulSource& source = machine_source(), discovery::TokenReader reader = {}) {
    return World(discovery::make_consul(source, std::move(reader), 7), source.addresses.size());
}

Strings instances_of(const discovery::Publish* publish) {
    Strings out;
    for (const discovery::Fact& fact : publish == nullptr ? std::vector<discovery::Fact>{} : publish->facts) {
        out.push_back(fact.key.instance);
    }
    return out;
}

discovery::Answered reply(int status, std::string body, discovery::HeaderList headers = {}) {
    return {.ticket = 0, .status = status, .headers = std::move(headers), .body = std::move(body)};
}

TEST(ConsulMachine, Case27_follows_registrations_without_delay) {
    World world = make_world();
    world.want({"web"});
    world.run(1ms);
    ASSERT_NE(world.last("web"), nullptr);  // absent at the start is an answer too
    EXPECT_TRUE(world.last("web")->facts.empty());
    EXPECT_TRUE(world.status().synced);
    EXPECT_TRUE(world.status().connected);
    world.run(5s);
    world.consul().put("web", {.id = "web-1"});
    world.run(1ms);
    EXPECT_EQ(instances_of(world.last("web")), Strings{"h1|web-1"});
    world.run(1h);
    world.consul().remove("web", "web-1");
    world.run(1ms);
    EXPECT_TRUE(world.last("web")->facts.empty());
    EXPECT_EQ(world.last("web")->evidence, Evidence::proven);
}

TEST(ConsulMachine, asks_with_stale_reads_and_blocks_once_it_knows_an_index) {
    World world = make_world();
    world.want({"a%2Fb?tag=x&tag=y&dc=dc2&filter=Service.Port%20%3D%3D%2080"});
    world.run(1ms);
    ASSERT_GE(world.sent().size(), 2U);
    EXPECT_EQ(world.sent()[0].fetch.target, "/v1/health/service/a%2Fb?stale&dc=dc2&tag=x&tag=y&filter=Service.Port%20%3D%3D%2080");
    EXPECT_NE(world.sent()[1].fetch.target.find("&index=10&wait=60s"), std::string::npos) << world.sent()[1].fetch.target;
    world.run(10min);
    const auto poll = std::find_if(world.sent().rbegin(), world.sent().rend(), [](const auto& one) { return one.fetch.target != "/"; });
    EXPECT_NE(poll->fetch.target.find("&wait=60s"), std::string::npos);
    EXPECT_EQ(poll->fetch.timeout, 60s + 3750ms + 10s);
}

TEST(ConsulMachine, Case01_starts_afresh_when_the_index_goes_back) {
    World world = make_world();
    world.consul().set_index(119);
    world.consul().put("web", {.id = "web-1"});
    world.want({"web"});
    world.run(1min);
    world.consul().lose_data(80);
    world.consul().put("web", {.id = "web-2", .address = "10.0.0.2"});
    const auto before = world.sent().size();
    world.run(60s);  // a blocked call of the real one would come back at once; here at the end of its wait at the latest
    EXPECT_EQ(instances_of(world.last("web")), Strings{"h1|web-2"});
    EXPECT_EQ(world.sent()[before].fetch.target.find("index="), std::string::npos) << world.sent()[before].fetch.target;
    EXPECT_TRUE(std::any_of(world.said().begin(), world.said().end(), [](const World::Said& said) {
        return instances_of(&said.publish) == Strings{"h1|web-2"} && said.publish.evidence == Evidence::weak;
    }));
}

TEST(ConsulMachine, Case02_never_asks_more_than_four_times_a_second_whatever_the_index_says) {
    for (const char* index : {"", "0", "1", "abc", "18446744073709551616", "-5", " 7"}) {
        World world = make_world();
        world.consul().put("web", {.id = "web-1"});
        world.consul().spoil = [index](discovery::Answered& answer) { answer.headers = {{"x-consul-index", index}}; };
        world.want({"web"});
        world.run(10s);
        EXPECT_LE(world.sent().size(), 45U) << index;
        world.consul().put("web", {.id = "web-2", .address = "10.0.0.2"});
        world.run(500ms);
        EXPECT_EQ(world.last("web")->facts.size(), 2U) << index;
    }
}

TEST(ConsulMachine, never_asks_more_than_four_times_a_second_when_answers_come_at_once) {
    World world = make_world();
    std::uint64_t index = 100;
    world.consul().spoil = [&index](discovery::Answered& answer) { answer.headers[0].second = std::to_string(++index); };
    world.consul().always = reply(200, "[]");
    world.want({"web"});
    world.run(10s);
    EXPECT_LE(world.sent().size(), 46U) << "and one question about rights";
}

TEST(ConsulMachine, Case03_ignores_the_index_of_an_error) {
    World world = make_world();
    world.consul().put("web", {.id = "web-1"});
    world.want({"web"});
    world.run(1min);
    world.consul().always = reply(500, "No cluster leader", {{"x-consul-index", "1"}});
    world.run(10min);
    EXPECT_EQ(instances_of(world.last("web")), Strings{"h1|web-1"});
    EXPECT_FALSE(world.status().connected);
    EXPECT_EQ(world.status().last_error, "500 No cluster leader");
    world.consul().always.reset();
    const auto back = world.now();
    const auto before = world.sent().size();
    world.run(500ms);
    EXPECT_TRUE(world.status().connected);
    EXPECT_EQ(world.sent()[before].fetch.target.find("index="), std::string::npos);
    EXPECT_LE(world.sent()[before].at - back, 500ms);
}

struct Outage {
    const char* name;
    void (*begin)(FakeConsul&);
};
void PrintTo(const Outage& outage, std::ostream* out) {
    *out << outage.name;
}

class ConsulOutage : public testing::TestWithParam<Outage> {};

TEST_P(ConsulOutage, keeps_what_it_knew_does_not_spin_and_is_back_within_half_a_second) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        const auto source = machine_source();
        World world(discovery::make_consul(source, {}, seed));
        world.consul().put("web", {.id = "web-1"});
        world.consul().put("api", {.id = "api-1", .address = "10.0.0.9"});
        world.want({"web", "api"});
        world.run(2min);
        const auto said = world.said().size();
        const auto start = world.now();
        GetParam().begin(world.consul());
        world.run(10min);
        EXPECT_EQ(world.said().size(), said);
        EXPECT_FALSE(world.status().last_error.empty());
        EXPECT_LE(world.sent_since(start), 600U * 4U + 10U);
        EXPECT_LE(world.most_asking(), 3U) << "a long poll each, and the pulse";
        FakeConsul well;
        well.lose_data(3);  // it comes back with nothing, and then learns
        world.consul() = well;
        world.run(500ms);
        ASSERT_GT(world.said().size(), said);
        EXPECT_TRUE(world.last("web")->facts.empty());
        EXPECT_NE(world.last("web")->evidence, Evidence::strong);
        world.consul().put("web", {.id = "web-2", .address = "10.0.0.2"});
        world.run(300ms);
        EXPECT_EQ(instances_of(world.last("web")), Strings{"h1|web-2"});
        EXPECT_TRUE(world.status().connected);
        EXPECT_TRUE(world.status().last_error.empty());
    }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, ConsulOutage,
    testing::Values(
        Outage{"refused", [](FakeConsul& consul) { consul.refuses = true; }},
        Outage{"error_500",
               [](FakeConsul& consul) { consul.always = reply(500, "rpc error making call: EOF", {{"x-consul-index", "1"}}); }},
        Outage{"error_503", [](FakeConsul& consul) { consul.always = reply(503, ""); }},
        Outage{"forbidden", [](FakeConsul& consul) { consul.always = reply(403, "ACL not found"); }},
        Outage{"not_found", [](FakeConsul& consul) { consul.always = reply(404, "no such page"); }},
        Outage{"redirected", [](FakeConsul& consul) { consul.always = reply(301, "", {{"location", "http://elsewhere/"}}); }},
        Outage{"a_web_page", [](FakeConsul& consul) { consul.always = reply(200, "<html>login</html>", {{"content-type", "text/html"}}); }},
        Outage{"cut_short", [](FakeConsul& consul) { consul.always = reply(200, R"([{"Node":{"Node":"h1)", {{"x-consul-index", "99"}}); }},
        Outage{"object", [](FakeConsul& consul) { consul.always = reply(200, "{}", {{"x-consul-index", "99"}}); }},
        Outage{"null", [](FakeConsul& consul) { consul.always = reply(200, "null", {{"x-consul-index", "99"}}); }},
        Outage{"text", [](FakeConsul& consul) { consul.always = reply(200, "\"x\"", {{"x-consul-index", "99"}}); }},
        Outage{"nothing", [](FakeConsul& consul) { consul.always = reply(200, "", {{"x-consul-index", "99"}}); }},
        Outage{"deep", [](FakeConsul& consul) { consul.always = reply(200, std::string(3'000, '['), {{"x-consul-index", "99"}}); }}),
    [](const auto& outage) { return std::string{outage.param.name}; });

TEST(ConsulMachine, Case10_waits_as_long_as_it_is_told_when_it_asks_too_much) {
    World world = make_world();
    world.want({"web", "api"});
    world.run(1min);
    world.consul().always = reply(429, "slow down", {{"retry-after", "7"}});
    world.consul().put("web", {.id = "web-1"});
    world.run(50s);  // both long polls have come to their end and met the 429
    const auto last_refusal = world.sent().back().at;
    world.consul().always.reset();
    const auto before = world.sent().size();
    world.run(20s);
    ASSERT_GT(world.sent().size(), before);
    EXPECT_GE(world.sent()[before].at - last_refusal, 7s);
    EXPECT_LE(world.sent()[before].at - last_refusal, 8s);
    EXPECT_EQ(world.last("web")->facts.size(), 1U);
}

TEST(ConsulMachine, a_wrong_question_is_repeated_every_30_seconds_and_harms_no_other) {
    World world = make_world();
    world.consul().put("web", {.id = "web-1"});
    world.consul().always = reply(400, "Invalid index");
    world.want({"bad"});
    world.run(10min);
    EXPECT_LE(world.sent().size(), 21U);
    ASSERT_FALSE(world.status().last_error.empty());
    EXPECT_EQ(world.status().last_error, "400 Invalid index");
}

TEST(ConsulMachine, a_query_that_always_fails_does_not_starve_the_others) {
    // The real one answers 500 to a filter that it cannot read.
    Machine machine(machine_source(), {}, 3);
    config::TimePoint now{1000h};
    std::size_t bad = 0, good = 0;
    auto actions = machine.step(discovery::Wanted{{"web", "x?filter=bad"}}, now);
    for (int i = 0; i < 2000; ++i) {
        discovery::Actions next;
        config::TimePoint wake = now + 1s;
        for (const auto& action : actions) {
            if (const auto* fetch = std::get_if<discovery::Fetch>(&action)) {
                const bool is_bad = fetch->target.find("filter=bad") != std::string::npos;
                (is_bad ? bad : good) += 1;
                discovery::Answered answer = is_bad ? reply(500, "Failed to create boolean expression evaluator")
                                                    : reply(200, "[]", {{"x-consul-index", std::to_string(100 + good)}});
                answer.ticket = fetch->ticket;
                auto more = machine.step(answer, now);
                next.insert(next.end(), more.begin(), more.end());
            } else if (const auto* at = std::get_if<discovery::WakeAt>(&action)) {
                wake = at->when;
            }
        }
        for (const auto& action : next) {
            if (const auto* at = std::get_if<discovery::WakeAt>(&action)) {
                wake = at->when;
            }
        }
        if (std::none_of(next.begin(), next.end(), [](const auto& action) { return std::holds_alternative<discovery::Fetch>(action); })) {
            now = std::max(now, wake) + 1ms;
            next = machine.step(discovery::Woken{}, now);
        }
        actions = std::move(next);
    }
    const double seconds = std::chrono::duration<double>(now - config::TimePoint{1000h}).count();
    EXPECT_GE(static_cast<double>(good) / seconds, 2.0);
    EXPECT_LE(static_cast<double>(bad) / seconds, 8.0);
}

TEST(ConsulMachine, Case12_gives_up_on_a_silent_agent_and_asks_the_next) {
    World world = make_world(machine_source(3));
    world.consul(0).hangs = true;
    world.consul(1).refuses = true;
    world.consul(2).put("web", {.id = "web-1"});
    world.want({"web"});
    world.run(11s);
    EXPECT_EQ(instances_of(world.last("web")), Strings{"h1|web-1"});
    EXPECT_EQ(world.sent().back().fetch.peer, 2U);
    world.consul(2).refuses = true;
    world.consul(1).refuses = false;
    world.consul(1).put("web", {.id = "web-2", .address = "10.0.0.2"});
    world.run(30s);
    EXPECT_EQ(instances_of(world.last("web")), Strings{"h1|web-2"});
}

TEST(ConsulMachine, finds_the_one_of_several_agents_that_came_back_within_a_second) {
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
        const auto source = machine_source(4);
        World world(discovery::make_consul(source, {}, seed), 4);
        for (std::size_t i = 0; i < 4; ++i) {
            world.consul(i).refuses = true;
        }
        world.want({"web", "api", "db"});
        world.run(5min);
        world.consul(seed % 4).refuses = false;
        world.run(1s);
        EXPECT_TRUE(world.status().synced) << seed;
    }
}

TEST(ConsulMachine, Case09_reads_the_token_again_before_each_attempt) {
    std::string token = "old";
    std::size_t reads = 0;
    World world = make_world(machine_source(), [&]() -> config::Result<std::string> {
        ++reads;
        return token;
    });
    world.consul().always = reply(403, "ACL not found");
    world.want({"web"});
    world.run(10s);
    EXPECT_EQ(reads, world.sent().size());
    EXPECT_EQ(world.sent().back().fetch.headers, (discovery::HeaderList{{"X-Consul-Token", "old"}}));
    EXPECT_EQ(world.status().last_error, "403 ACL not found");
    world.consul().always = reply(403, "rpc error: token old is old, " + std::string(195, ' ') + "old");
    world.run(10s);
    EXPECT_EQ(world.status().last_error.find("old"), std::string::npos) << "our secret is repeated to nobody";
    token = "new";
    world.consul().always.reset();
    world.run(500ms);
    EXPECT_TRUE(world.status().connected);
    EXPECT_EQ(world.sent().back().fetch.headers.front().second, "new");
}

TEST(ConsulMachine, a_token_that_cannot_be_read_is_a_failed_attempt) {
    bool there = false;
    World world = make_world(machine_source(), [&]() -> config::Result<std::string> {
        return there ? config::Result<std::string>{"t"} : config::failure("no such file");
    });
    world.want({"web", "api"});
    world.run(1min);
    EXPECT_TRUE(world.sent().empty());
    EXPECT_EQ(world.status().last_error, "token: no such file");
    there = true;
    world.run(500ms);
    EXPECT_TRUE(world.status().synced);
}

TEST(ConsulMachine, Case29_serves_hundreds_of_services_over_its_connections) {
    World world = make_world();
    Strings queries;
    for (int i = 0; i < 300; ++i) {
        queries.push_back("s" + std::to_string(i));
        world.consul().put(queries.back(), {.id = queries.back() + "-1"});
    }
    world.want(queries);
    world.run(5s);
    EXPECT_TRUE(world.status().synced);
    EXPECT_LE(world.most_asking(), 100U);
    for (int i = 0; i < 300; i += 37) {
        world.consul().put(queries[static_cast<std::size_t>(i)], {.id = "late", .address = "10.0.0.2"});
    }
    const auto start = world.now();
    world.run(1s);
    for (int i = 0; i < 300; i += 37) {
        EXPECT_EQ(world.last("s" + std::to_string(i))->facts.size(), 2U) << i;
    }
    EXPECT_LE(world.sent_since(start), 350U);
}

TEST(ConsulMachine, learns_the_services_when_none_is_named) {
    World world = make_world();
    world.consul().put("web", {.id = "web-1"});
    world.want({"*"});
    world.run(1ms);
    EXPECT_TRUE(world.status().synced);
    EXPECT_EQ(instances_of(world.last("web")), Strings{"h1|web-1"});
    EXPECT_EQ(world.last("consul"), nullptr);
    world.run(1min);
    world.consul().put("late", {.id = "late-1"});
    world.run(1ms);
    EXPECT_EQ(instances_of(world.last("late")), Strings{"h1|late-1"});
    world.run(1min);
    world.consul().remove("late", "late-1");
    world.run(1ms);
    EXPECT_TRUE(world.last("late")->facts.empty());
}

TEST(ConsulMachine, watches_a_bounded_number_of_unnamed_services_and_says_so) {
    World world = make_world();
    for (int i = 0; i < 130; ++i) {
        world.consul().put("s" + std::to_string(i), {.id = "x" + std::to_string(i)});
    }
    world.want({"*"});
    world.run(10s);
    std::set<std::string> seen;
    for (const auto& said : world.said()) {
        seen.insert(said.publish.query);
    }
    EXPECT_EQ(seen.size(), 100U);
    ASSERT_FALSE(world.status().notes.empty());
    EXPECT_NE(world.status().notes[0].find("30 more"), std::string::npos) << world.status().notes[0];
}

TEST(ConsulMachine, forgets_a_query_that_nobody_wants_any_more) {
    World world = make_world();
    world.want({"web", "api"});
    world.run(1min);
    EXPECT_EQ(world.asking(), 2U);
    world.want({"api"});
    world.run(1ms);
    EXPECT_EQ(world.asking(), 1U);
    world.want({});
    world.run(1ms);
    EXPECT_EQ(world.asking(), 0U);
    const auto count = world.sent().size();
    world.run(10min);
    EXPECT_EQ(world.sent().size(), count);
}

TEST(ConsulMachine, says_nothing_new_when_only_the_order_changed) {
    World world = make_world();
    world.consul().put("web", {.id = "web-1"});
    world.consul().put("web", {.id = "web-2", .address = "10.0.0.2"});
    world.want({"web"});
    world.run(1min);
    const auto before = world.last("web")->facts;
    world.consul().shuffle("web");
    world.consul().put("web", {.id = "web-1"});
    world.run(1ms);
    EXPECT_EQ(world.last("web")->facts, before);
}

TEST(ConsulMachine, doubts_answers_without_a_leader) {
    World world = make_world();
    world.consul().put("web", {.id = "web-1"});
    world.want({"web"});
    world.run(2min);
    EXPECT_EQ(world.last("web")->evidence, Evidence::strong);
    world.consul().leader = false;
    world.consul().last_contact_ms = 60'000;
    world.consul().remove("web", "web-1");
    world.run(1ms);
    EXPECT_EQ(world.last("web")->evidence, Evidence::weak);
    world.consul().leader = true;
    world.consul().last_contact_ms = 0;
    world.run(60s);
    EXPECT_NE(world.last("web")->evidence, Evidence::weak);
}

TEST(ConsulMachine, doubts_emptiness_until_the_right_to_read_is_proven) {
    auto source = machine_source();
    source.token = "secret";
    World world(discovery::make_consul(source, {}, 1));
    world.consul().acl = true;
    world.consul().put("web", {.id = "web-1"});
    world.want({"web"});
    world.run(2min);
    world.consul().blind = true;
    world.consul().put("web", {.id = "web-1", .tags = {"changed"}});
    world.run(1ms);
    EXPECT_TRUE(world.last("web")->facts.empty());
    EXPECT_EQ(world.last("web")->evidence, Evidence::weak);
    EXPECT_EQ(world.status().stale, "the token has no right to read service web");
    world.run(10min);
    EXPECT_EQ(world.last("web")->evidence, Evidence::weak);
    world.consul().blind = false;
    world.consul().remove("web", "web-1");
    world.run(30s);
    EXPECT_EQ(world.last("web")->evidence, Evidence::proven);
    EXPECT_EQ(world.status().stale, "");
}

TEST(ConsulMachine, asks_for_its_rights_with_its_token_and_by_the_nodes_it_saw) {
    auto source = machine_source();
    source.token = "secret";
    source.datacenter = "dc2";
    World world(discovery::make_consul(source, {}, 1));
    world.consul().acl = true;
    world.consul().put("web", {.node = "n7", .id = "web-1"});
    world.want({"web"});
    world.run(2min);
    world.consul().remove("web", "web-1");
    world.run(1ms);
    const auto asked = std::find_if(world.sent().begin(), world.sent().end(), [](const auto& one) { return one.fetch.method == "POST"; });
    ASSERT_NE(asked, world.sent().end());
    EXPECT_EQ(asked->fetch.target, "/v1/internal/acl/authorize?dc=dc2");
    EXPECT_NE(asked->fetch.body.find(R"("Segment":"n7")"), std::string::npos) << asked->fetch.body;
    EXPECT_EQ(asked->fetch.headers, (discovery::HeaderList{{"X-Consul-Token", "secret"}}));
    EXPECT_EQ(world.last("web")->evidence, Evidence::proven) << "one question and one answer later";
}

TEST(ConsulMachine, a_consul_that_does_not_tell_about_rights_is_doubted_only_with_a_token) {
    for (const bool token : {false, true}) {
        auto source = machine_source();
        source.token = token ? "secret" : "";
        World world(discovery::make_consul(source, {}, 1));
        world.consul().authorize_status = 404;
        world.consul().put("web", {.id = "web-1"});
        world.want({"web"});
        world.run(2min);
        world.consul().remove("web", "web-1");
        world.run(1ms);
        EXPECT_EQ(world.last("web")->evidence, token ? Evidence::weak : Evidence::strong);
        const auto before = world.now();
        world.run(10min);
        EXPECT_LE(world.sent_since(before), 60U * 4U) << "no busy questions";
    }
}

TEST(ConsulMachine, hears_of_registrations_in_a_row_without_a_pause) {
    World world = make_world(machine_source());
    world.consul().put("web", {.id = "web-0"});
    world.want({"web"});
    world.run(2min);
    for (int i = 1; i <= 20; ++i) {
        world.consul().put("web", {.id = "web-" + std::to_string(i), .address = "10.0.1." + std::to_string(i)});
        world.run(30ms);
        ASSERT_EQ(world.last("web")->facts.size(), static_cast<std::size_t>(i) + 1);
    }
    const auto before = world.now();
    for (int i = 0; i < 2000; ++i) {
        world.consul().put("web", {.id = "more-" + std::to_string(i), .address = "10.0.2.1", .port = 1024 + i});
        world.run(5ms);
        world.consul().remove("web", "more-" + std::to_string(i));
    }
    EXPECT_LE(world.sent_since(before), 10U + 10'000U / 25U) << "... but not without end";
}

TEST(ConsulMachine, notices_an_agent_that_froze_or_vanished_within_nine_seconds) {
    World world = make_world(machine_source(2));
    world.consul(0).put("web", {.id = "web-1"});
    world.consul(1).put("web", {.id = "web-2", .address = "10.0.0.2"});
    world.want({"web", "api"});
    world.run(10min);
    ASSERT_EQ(instances_of(world.last("web")), Strings{"h1|web-1"});
    world.consul(0).hangs = true;  // its long polls stay open
    world.run(9s);
    EXPECT_EQ(instances_of(world.last("web")), Strings{"h1|web-2"});
}

TEST(ConsulMachine, asks_a_silent_agent_for_a_sign_of_life_and_not_more_often_than_needed) {
    World world = make_world();
    world.consul().put("web", {.id = "web-1"});
    world.want({"web"});
    world.run(10min);
    const auto from = world.now();
    world.run(10min);
    EXPECT_LE(world.sent_since(from), 10U * 13U + 2U);
    EXPECT_TRUE(world.status().errors.empty());
}

TEST(ConsulMachine, does_not_mind_answers_to_questions_it_has_cancelled) {
    Machine machine(machine_source(), {}, 1);
    const config::TimePoint now{1000h};
    machine.step(discovery::Wanted{{"web"}}, now);
    machine.step(discovery::Wanted{{}}, now);
    for (discovery::Ticket ticket = 0; ticket < 5; ++ticket) {
        auto late = reply(200, "[]");
        late.ticket = ticket;
        for (const auto& action : machine.step(late, now)) {
            EXPECT_FALSE(std::holds_alternative<discovery::Publish>(action));
        }
    }
}

}  // namespace
}  // namespace cardea::consul
