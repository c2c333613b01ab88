// Adversarial cases that stand nowhere else. Every case has a test named CaseNN_..., most of them beside what they try:
// `discovery_test --gtest_filter=*Case*` and `proxy_test --gtest_filter=*Case*` run them all.

#include "discovery/make_provider.hpp"
#include "discovery/pipeline.hpp"
#include "tests/support/discovery/docker_world.hpp"
#include "tests/support/world.hpp"

#include <gtest/gtest.h>
#include <type_traits>

namespace cardea {
namespace {

using namespace std::chrono_literals;
using discovery::Status;
using test::FakeContainer;
using Strings = std::vector<std::string>;

config::Config cases_config() {
    config::Config config;
    config.discovery.consul.push_back({.name = "dc1", .addresses = {config::parse_address("10.9.9.9:8500").value()}});
    config.discovery.docker.push_back({.name = "local", .endpoint = config::parse_address("unix:/var/run/docker.sock").value()});
    for (const char* name : {"web", "api"}) {
        config::Route route;
        route.action = config::ToService{name};
        config.routes.push_back(route);
    }
    return config;
}

/// Consul, its machine and the pipeline.
struct ConsulCase {
    config::Config config{cases_config()};
    test::World world{discovery::make_consul(config.discovery.consul[0], {}, 5)};
    discovery::Pipeline pipeline{{}};

    ConsulCase() {
        pipeline.configure(config);
        world.on_publish = [this](const discovery::Publish& publish) { pipeline.apply("consul:dc1", publish); };
        world.want(pipeline.wanted("consul:dc1"));
        world.consul().put("web", {.id = "1", .address = "10.0.0.1"});
        world.consul().put("web", {.id = "2", .address = "10.0.0.2"});
        world.consul().put("api", {.id = "3", .address = "10.0.0.3"});
        world.run(2min);
    }
    ConsulCase(const ConsulCase&) = delete;
    [[nodiscard]] std::string serving(const std::string& service = "web") const {
        std::string text;
        for (const auto& endpoint : pipeline.catalog().at(service)->endpoints) {
            if (endpoint.status == Status::up) {
                text += (text.empty() ? "" : " ") + config::to_string(endpoint.addresses.at(0)) + (endpoint.held ? "*" : "");
            }
        }
        return text;
    }
    /// Ten minutes of such answers: everything stays, the fault is named, it does not spin, and half a second after it all is well.
    void survives(const std::string& what, const std::function<void(test::FakeConsul&)>& fault) {
        const auto catalog = pipeline.catalog().at("web");
        const auto before = world.consul();
        fault(world.consul());
        const auto from = world.now();
        world.run(10min);
        EXPECT_EQ(pipeline.catalog().at("web"), catalog) << what;
        EXPECT_FALSE(world.status().connected) << what;
        EXPECT_FALSE(world.status().last_error.empty()) << what;
        EXPECT_LE(world.sent_since(from), 600U * 5U) << what;
        world.consul() = before;
        world.run(500ms);
        EXPECT_TRUE(world.status().connected) << what;
    }
};

discovery::Answered case_reply(int status, std::string body, discovery::HeaderList headers = {{"x-consul-index", "999"}}) {
    return {.ticket = 0, .status = status, .headers = std::move(headers), .body = std::move(body)};
}

TEST(ConsulCases, Case05_an_answer_cut_short_is_not_applied) {
    ConsulCase one;
    one.survives("cut by the transport", [](test::FakeConsul& consul) { consul.refuses = true; });
    one.survives("cut in its JSON", [](test::FakeConsul& consul) {
        consul.always = case_reply(200, R"([{"Node":{"Node":"h1","Address":"10.0.0.1"},"Service":{"ID":"1","Serv)");
    });
}

TEST(ConsulCases, Case06_json_of_the_wrong_type_is_an_error_and_no_end) {
    ConsulCase one;
    for (const std::string& body : Strings{"{}", "null", "\"x\"", "7", "true", std::string(100'000, '['), std::string(100'000, '{')}) {
        one.survives(body.substr(0, 8), [&body](test::FakeConsul& consul) { consul.always = case_reply(200, body); });
    }
    EXPECT_FALSE(one.world.status().errors.empty());
}

TEST(ConsulCases, Case11_an_agent_that_closes_the_connection_at_once_is_not_hammered) {
    ConsulCase one;
    one.survives("limit of connections", [](test::FakeConsul& consul) { consul.refuses = true; });
    EXPECT_EQ(one.serving("api"), "10.0.0.3:80");
}

TEST(ConsulCases, Case18_null_meta_and_no_checks_are_fine) {
    ConsulCase one;
    one.world.consul().put("web", {.id = "4", .address = "10.0.0.4", .status = "", .meta = "null"});
    one.world.run(1ms);
    EXPECT_EQ(one.serving(), "10.0.0.1:80 10.0.0.2:80 10.0.0.4:80");
}

TEST(ConsulCases, Case26_a_redirect_and_a_web_page_are_errors) {
    ConsulCase one;
    one.survives("301", [](test::FakeConsul& consul) { consul.always = case_reply(301, "", {{"location", "http://elsewhere/"}}); });
    one.survives("login page", [](test::FakeConsul& consul) {
        consul.always = case_reply(200, "<html>please log in</html>", {{"content-type", "text/html"}});
    });
}

TEST(CoreCases, Case32_no_decision_is_made_by_the_wall_clock) {
    static_assert(std::is_same_v<config::TimePoint::clock, std::chrono::steady_clock>);
    static_assert(
        !std::is_invocable_v<decltype(&discovery::Provider::step), discovery::Provider&, const discovery::Event&, config::WallTime>);
}

/// An engine and the pipeline.
struct DockerCase {
    discovery::Pipeline pipeline{{}};
    test::DockerWorld world{};
    std::size_t told{0};

    DockerCase() {
        pipeline.configure(cases_config());
        world.start();
        settle();
    }
    void settle() {
        world.pass(100ms);
        for (; told < world.log.size(); ++told) {
            pipeline.apply("docker:local", world.log[told]);
        }
    }
    [[nodiscard]] Strings addresses(const std::string& service) const {
        Strings out;
        const auto found = pipeline.catalog().find(service);
        if (found != pipeline.catalog().end()) {
            for (const auto& endpoint : found->second->endpoints) {
                std::string text;
                for (const auto& address : endpoint.addresses) {
                    text += (text.empty() ? "" : ",") + config::to_string(address);
                }
                out.push_back(text);
            }
        }
        return out;
    }
};

FakeContainer case_container(const std::string& name, const std::string& service, const std::string& address) {
    return {.name = name,
            .environment = {"SERVICE_NAME=" + service},
            .ports = {{"80/tcp", {"0.0.0.0:32768"}}},
            .networks = {{"bridge", address}}};
}

TEST(DockerCases, Case34_an_address_taken_by_another_service_leads_nobody_astray) {
    DockerCase one;
    one.world.run(case_container("a", "web", "172.17.0.2"));
    one.settle();
    ASSERT_EQ(one.addresses("web").size(), 1U);
    one.world.die("a");
    one.settle();
    EXPECT_TRUE(one.addresses("web").empty()) << "gone with its event, before anybody can take the address";
    one.world.run(case_container("b", "api", "172.17.0.2"));
    one.settle();
    EXPECT_TRUE(one.addresses("web").empty());
    ASSERT_EQ(one.addresses("api").size(), 1U);
    one.world.at("a").networks["bridge"] = "172.17.0.3";
    one.world.at("a").ports["80/tcp"] = {"0.0.0.0:32769"};
    one.world.restart("a");  // the engine has given it another address
    one.settle();
    for (const auto& text : one.addresses("web")) {
        EXPECT_EQ(text.find("172.17.0.2"), std::string::npos) << text;
    }
}

TEST(DockerCases, Case36_a_port_published_in_both_families_is_one_endpoint) {
    DockerCase one;
    auto container = case_container("a", "web", "172.17.0.2");
    container.ports = {{"80/tcp", {"0.0.0.0:32768", ":::32768"}}};
    one.world.run(container);
    one.settle();
    ASSERT_EQ(one.addresses("web").size(), 1U);
    EXPECT_EQ(one.pipeline.catalog().at("web")->endpoints[0].weight, 1U);
}

TEST(CoreCases, Case65_a_container_seen_twice_counts_once_and_the_faster_word_acts) {
    ConsulCase one;
    discovery::Fact fact;
    fact.key = {"docker:local", "abc:80/tcp"};
    fact.service = "web";
    fact.addresses = {config::parse_address("10.0.0.1:80").value()};
    fact.incarnation = "abc";
    one.pipeline.apply("docker:local", {.query = "web", .facts = {fact}});
    const auto web = [&one]() -> const auto& { return one.pipeline.catalog().at("web")->endpoints; };
    ASSERT_EQ(web().size(), 2U);
    EXPECT_EQ(web()[0].witnesses.size(), 2U);
    EXPECT_EQ(web()[0].weight, 1U);
    EXPECT_EQ(web()[0].dispute, "");
    fact.status = Status::draining;
    fact.why = "kill 15";
    const auto changes = one.pipeline.apply("docker:local", {.query = "web", .facts = {fact}, .cause = "event kill"});
    EXPECT_EQ(web()[0].status, Status::draining);
    EXPECT_EQ(web()[0].dispute, "consul:dc1: up, docker:local: draining");
    EXPECT_TRUE(changes.urgent);
    EXPECT_EQ(changes.occasion.source, "docker:local");
    EXPECT_EQ(changes.occasion.cause, "event kill");
    EXPECT_EQ(changes.occasion.evidence, "strong");
    one.world.consul().remove("web", "1");
    one.world.run(1ms);
    EXPECT_EQ(web()[0].dispute, "") << "one witness is left";
}

/// The registry is down when Cardea starts; what an earlier run knew is all there is.
TEST(CoreCases, Case67_what_was_restored_serves_until_the_registry_says_otherwise) {
    const auto config = cases_config();
    discovery::Pipeline pipeline({});
    pipeline.configure(config);
    test::World world(discovery::make_consul(config.discovery.consul[0], {}, 5));
    world.on_publish = [&](const discovery::Publish& publish) { pipeline.apply("consul:dc1", publish); };
    world.consul().refuses = true;
    const auto remembered = [](const std::string& id, const std::string& address) {
        discovery::Fact fact;
        fact.key = {"consul:dc1", "h1|" + id};
        fact.service = "web";
        fact.addresses = {config::parse_address(address).value()};
        return fact;
    };
    EXPECT_FALSE(pipeline.knows_enough("consul:dc1"));
    const auto changes = pipeline.restore("consul:dc1", "web", {remembered("1", "10.0.0.1:80"), remembered("9", "10.0.0.9:80")});
    EXPECT_EQ(changes.upstreams, std::set<std::string>{"web"});
    EXPECT_FALSE(pipeline.knows_enough("consul:dc1")) << "nothing is known of api";
    pipeline.restore("consul:dc1", "api", {});
    EXPECT_TRUE(pipeline.knows_enough("consul:dc1"));
    EXPECT_TRUE(pipeline.restore("consul:dc1", "unwanted", {remembered("2", "10.0.0.2:80")}).upstreams.empty());
    world.want(pipeline.wanted("consul:dc1"));
    world.run(10min);
    const auto web = [&pipeline]() -> const auto& { return pipeline.catalog().at("web")->endpoints; };
    ASSERT_EQ(web().size(), 2U);
    EXPECT_TRUE(web()[0].restored && web()[1].restored);
    EXPECT_FALSE(web()[0].held) << "a failed probe does not end it while nobody can say otherwise";
    EXPECT_EQ(pipeline.sound_facts("consul:dc1", "web"), nullptr) << "and it is not written down again";

    world.consul().put("web", {.id = "1", .address = "10.0.0.1"});
    world.consul().refuses = false;
    world.run(500ms);
    ASSERT_EQ(web().size(), 2U);
    EXPECT_FALSE(web()[0].restored);
    EXPECT_TRUE(web()[1].restored && web()[1].held) << "from now on its probe decides";
    world.run(30s);
    EXPECT_EQ(web().size(), 1U) << "or the registry, once it is settled";
    EXPECT_NE(pipeline.sound_facts("consul:dc1", "web"), nullptr);
}

TEST(CoreCases, Case67_an_engines_complete_list_ends_what_it_lacks) {
    DockerCase fresh;
    discovery::Pipeline pipeline({});
    pipeline.configure(cases_config());
    discovery::Fact fact;
    fact.key = {"docker:local", "gone:80/tcp"};
    fact.service = "web";
    fact.addresses = {config::parse_address("172.17.0.9:80").value()};
    pipeline.restore("docker:local", "web", {fact});
    ASSERT_EQ(pipeline.catalog().at("web")->endpoints.size(), 1U);
    EXPECT_EQ(pipeline.synced("docker:local").upstreams, std::set<std::string>{"web"});
    EXPECT_TRUE(pipeline.catalog().at("web")->endpoints.empty());
}

}  // namespace
}  // namespace cardea
