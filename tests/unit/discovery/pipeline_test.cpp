#include "discovery/pipeline.hpp"

#include <gtest/gtest.h>

namespace cardea::discovery {
namespace {

using Strings = std::vector<std::string>;
using Names = std::set<std::string>;

config::Address pipeline_address(const std::string& text) {
    return config::parse_address(text).value();
}

config::Config two_sources() {
    config::Config config;
    config.discovery.consul.push_back({.name = "dc1", .addresses = {pipeline_address("10.9.9.9:8500")}});
    config.discovery.docker.push_back({.name = "h2", .endpoint = pipeline_address("10.9.9.2:2375")});
    return config;
}

config::Route route_to(const std::string& service) {
    config::Route route;
    route.action = config::ToService{service};
    return route;
}

Publish saying(const std::string& source, const std::string& query, const std::vector<std::pair<std::string, std::string>>& instances,
               Evidence evidence = Evidence::strong) {
    Publish publish{.query = query, .evidence = evidence};
    for (const auto& [instance, address] : instances) {
        Fact fact;
        fact.key = {source, instance};
        fact.service = query;
        fact.addresses = {pipeline_address(address)};
        publish.facts.push_back(fact);
    }
    return publish;
}

struct Line {
    Pipeline pipeline{{}};
    Changes last{};

    explicit Line(const config::Config& config) { last = pipeline.configure(config); }
    void say(const std::string& source, const std::string& query, const std::vector<std::pair<std::string, std::string>>& instances,
             Evidence evidence = Evidence::strong) {
        last = pipeline.apply(source, saying(source, query, instances, evidence));
    }
    [[nodiscard]] Strings endpoints(const std::string& upstream) const {
        Strings out;
        const auto found = pipeline.catalog().find(upstream);
        if (found == pipeline.catalog().end()) {
            return {"no such upstream"};
        }
        for (const Endpoint& endpoint : found->second->endpoints) {
            std::string text;
            for (const auto& address : endpoint.addresses) {
                text += (text.empty() ? "" : ",") + config::to_string(address);
            }
            out.push_back(text + (endpoint.status == Status::down ? " down" : "") + (endpoint.held ? " held" : ""));
        }
        return out;
    }
};

TEST(Pipeline, a_service_without_an_entry_is_its_union_over_all_sources) {
    auto config = two_sources();
    config.routes.push_back(route_to("web"));
    Line line(config);
    EXPECT_EQ(line.last.upstreams, Names{"web"});
    EXPECT_EQ(line.endpoints("web"), Strings{});
    EXPECT_EQ(line.pipeline.wanted("consul:dc1"), Strings{"web"});
    line.say("consul:dc1", "web", {{"n|web-1", "10.0.0.1:80"}});
    EXPECT_EQ(line.last.upstreams, Names{"web"});
    EXPECT_FALSE(line.last.urgent);
    line.say("docker:h2", "web", {{"c1:80/tcp", "10.0.0.1:80"}, {"c2:80/tcp", "10.0.0.2:80"}});
    EXPECT_EQ(line.endpoints("web"), (Strings{"10.0.0.2:80", "10.0.0.1:80"}));
}

TEST(Pipeline, an_entry_takes_only_what_it_refers_to) {
    auto config = two_sources();
    config.services.push_back({.name = "web",
                               .endpoints = {config::ConsulRef{.service = "api", .tags = {"b", "a"}},
                                             config::StaticEndpoint{.address = pipeline_address("10.0.0.7:80")}, config::FileRef{"/e"}}});
    Line line(config);
    EXPECT_EQ(line.pipeline.wanted("consul:dc1"), Strings{"api?tag=a&tag=b"});
    line.say("docker:h2", "web", {{"c1:80/tcp", "10.0.0.1:80"}});
    EXPECT_TRUE(line.last.upstreams.empty());
    line.say("consul:dc1", "api?tag=a&tag=b", {{"n|1", "10.0.0.2:80"}});
    line.say("static", "web", {{"10.0.0.7:80", "10.0.0.7:80"}});
    line.say("file:/e", "/e", {{"10.0.0.8:80", "10.0.0.8:80"}});
    EXPECT_EQ(line.endpoints("web"), (Strings{"10.0.0.7:80", "10.0.0.8:80", "10.0.0.2:80"}));
}

TEST(Pipeline, services_that_engines_name_are_upstreams_and_stay_when_empty) {
    Line line(two_sources());
    EXPECT_TRUE(line.pipeline.catalog().empty());
    line.say("docker:h2", "web", {{"c1:80/tcp", "10.0.0.1:80"}});
    EXPECT_EQ(line.endpoints("web"), Strings{"10.0.0.1:80"});
    line.say("docker:h2", "web", {});
    EXPECT_TRUE(line.last.urgent);
    EXPECT_EQ(line.endpoints("web"), Strings{});
    line.say("docker:h2", "never", {});
    EXPECT_EQ(line.endpoints("never"), Strings{"no such upstream"});
}

TEST(Pipeline, asks_consul_for_all_only_when_nothing_is_named) {
    auto config = two_sources();
    EXPECT_EQ(Line(config).pipeline.wanted("consul:dc1"), Strings{"*"});
    Line all(config);
    all.say("consul:dc1", "we%2Fb", {{"n|1", "10.0.0.1:80"}});
    EXPECT_EQ(all.endpoints("we/b"), Strings{"10.0.0.1:80"});
    config.services.push_back({.name = "web", .endpoints = {config::FileRef{"/e"}}});
    EXPECT_TRUE(Line(config).pipeline.wanted("consul:dc1").empty());
    EXPECT_TRUE(Line(config).pipeline.wanted("consul:other").empty());
}

TEST(Pipeline, says_what_is_urgent) {
    auto config = two_sources();
    config.routes.push_back(route_to("web"));
    Line line(config);
    line.say("consul:dc1", "web", {{"n|1", "10.0.0.1:80"}});
    EXPECT_FALSE(line.last.urgent);
    line.say("consul:dc1", "web", {{"n|1", "10.0.0.1:80"}, {"n|2", "10.0.0.2:80"}});
    EXPECT_FALSE(line.last.urgent);
    auto drained = saying("consul:dc1", "web", {{"n|1", "10.0.0.1:80"}, {"n|2", "10.0.0.2:80"}});
    drained.facts[0].status = Status::draining;
    line.last = line.pipeline.apply("consul:dc1", drained);
    EXPECT_TRUE(line.last.urgent);
    drained.facts[0].status = Status::up;
    line.last = line.pipeline.apply("consul:dc1", drained);
    EXPECT_FALSE(line.last.urgent);
    line.last = line.pipeline.apply("consul:dc1", drained);
    EXPECT_TRUE(line.last.upstreams.empty());
    drained.facts[1].weight = 0;
    EXPECT_TRUE(line.pipeline.apply("consul:dc1", drained).urgent);
    line.say("consul:dc1", "web", {});
    EXPECT_TRUE(line.last.urgent);
}

TEST(Pipeline, held_endpoints_leave_when_their_probe_fails) {
    auto config = two_sources();
    config.routes.push_back(route_to("web"));
    config.services.push_back({.name = "alias", .endpoints = {config::ConsulRef{.service = "web"}}});
    Line line(config);
    line.say("consul:dc1", "web", {{"n|1", "10.0.0.1:80"}, {"n|2", "10.0.0.2:80"}});
    line.say("consul:dc1", "web", {}, Evidence::weak);
    EXPECT_EQ(line.endpoints("web"), (Strings{"10.0.0.1:80 held", "10.0.0.2:80 held"}));
    EXPECT_TRUE(line.pipeline.probe_failed("web", "n|9").upstreams.empty());
    EXPECT_TRUE(line.pipeline.probe_failed("none", "n|1").upstreams.empty());
    const auto changes = line.pipeline.probe_failed("web", "n|1");
    EXPECT_EQ(changes.upstreams, (Names{"alias", "web"}));
    EXPECT_TRUE(changes.urgent);
    EXPECT_EQ(line.endpoints("alias"), Strings{"10.0.0.2:80 held"});
    line.say("consul:dc1", "web", {{"n|2", "10.0.0.2:80"}}, Evidence::weak);
    EXPECT_TRUE(line.pipeline.probe_failed("web", "n|2").upstreams.empty());
    EXPECT_EQ(line.endpoints("web"), Strings{"10.0.0.2:80"});
}

TEST(Pipeline, follows_host_names) {
    config::Config config;
    config.services.push_back({.name = "web", .endpoints = {config::StaticEndpoint{.address = pipeline_address("web.internal:80")}}});
    Line line(config);
    line.say("static", "web", {{"web.internal:80", "web.internal:80"}});
    EXPECT_TRUE(line.last.host_names);
    EXPECT_EQ(line.pipeline.host_names(), Names{"web.internal"});
    EXPECT_EQ(line.endpoints("web"), Strings{" down"});
    EXPECT_EQ(line.pipeline.catalog().at("web")->endpoints[0].why, "web.internal: not resolved yet");
    const auto ip = [](const char* text) { return config::parse_ip(text).value(); };
    EXPECT_EQ(line.pipeline.resolved("web.internal", {.addresses = {ip("10.0.0.2"), ip("10.0.0.1"), ip("10.0.0.2")}}).upstreams,
              Names{"web"});
    EXPECT_EQ(line.endpoints("web"), (Strings{"10.0.0.1:80", "10.0.0.2:80"}));
    EXPECT_TRUE(line.pipeline.catalog().at("web")->endpoints[0].discovered);
    EXPECT_TRUE(line.pipeline.resolved("web.internal", {.error = "SERVFAIL"}).upstreams.empty());
    EXPECT_EQ(line.endpoints("web"), (Strings{"10.0.0.1:80", "10.0.0.2:80"}));
    EXPECT_TRUE(line.pipeline.resolved("web.internal", {.addresses = {ip("10.0.0.2")}}).urgent);
    EXPECT_EQ(line.endpoints("web"), Strings{"10.0.0.2:80"});
    EXPECT_TRUE(line.pipeline.resolved("web.internal", {}).urgent);
    EXPECT_EQ(line.pipeline.catalog().at("web")->endpoints.at(0).why, "web.internal: no such host");
    EXPECT_TRUE(line.pipeline.resolved("stranger", {.addresses = {ip("10.0.0.1")}}).upstreams.empty());
    line.say("static", "web", {});
    EXPECT_TRUE(line.last.host_names);
    EXPECT_TRUE(line.pipeline.host_names().empty());
}

TEST(Pipeline, refuses_addresses_with_a_reason) {
    auto config = two_sources();
    config.routes.push_back(route_to("web"));
    Line line(config);
    line.say("consul:dc1", "web", {{"n|1", "169.254.169.254:80"}, {"n|2", "10.0.0.2:80"}, {"n|3", "10.9.9.2:2375"}});
    EXPECT_EQ(line.endpoints("web"), Strings{"10.0.0.2:80"});
    ASSERT_EQ(line.pipeline.refusals().size(), 2U);
    EXPECT_EQ(line.pipeline.refusals()[1], "consul:dc1 n|3 of web: 10.9.9.2:2375 is the Docker API");
    config.discovery.allow = {config::parse_cidr("169.254.169.254").value()};
    EXPECT_EQ(line.pipeline.configure(config).upstreams, Names{"web"});
    EXPECT_EQ(line.endpoints("web").size(), 2U);
    EXPECT_EQ(line.pipeline.size("consul:dc1").instances, 3U);
}

TEST(Pipeline, a_new_configuration_keeps_what_stays_and_forgets_the_rest) {
    auto config = two_sources();
    config.routes.push_back(route_to("web"));
    Line line(config);
    line.say("consul:dc1", "web", {{"n|1", "10.0.0.1:80"}});
    line.say("docker:h2", "web", {{"c1:80/tcp", "10.0.0.1:80"}});
    line.say("docker:h2", "api", {{"c2:80/tcp", "10.0.0.2:80"}});
    const auto before = line.pipeline.catalog().at("web");
    EXPECT_TRUE(line.pipeline.configure(config).upstreams.empty());
    EXPECT_EQ(line.pipeline.catalog().at("web"), before);
    auto without_docker = config;
    without_docker.discovery.docker.clear();
    const auto changes = line.pipeline.configure(without_docker);
    EXPECT_EQ(changes.upstreams, (Names{"api", "web"}));
    EXPECT_EQ(line.endpoints("web"), Strings{"10.0.0.1:80"}) << "no engine saw it end: the engine is no longer asked";
    EXPECT_EQ(line.endpoints("api"), Strings{"no such upstream"});
    EXPECT_TRUE(line.pipeline.apply("docker:h2", saying("docker:h2", "web", {{"c9:80/tcp", "10.0.0.9:80"}})).upstreams.empty());
    auto other = without_docker;
    other.routes = {route_to("other")};
    line.pipeline.configure(other);
    EXPECT_EQ(line.endpoints("web"), Strings{"no such upstream"});
    line.pipeline.configure(config);
    EXPECT_EQ(line.endpoints("web"), Strings{}) << "the source has to say it again";
}

TEST(Pipeline, one_answer_does_not_touch_other_upstreams) {
    auto config = two_sources();
    config.routes = {route_to("web"), route_to("api")};
    Line line(config);
    line.say("consul:dc1", "web", {{"n|1", "10.0.0.1:80"}});
    line.say("consul:dc1", "api", {{"n|2", "10.0.0.2:80"}});
    const auto api = line.pipeline.catalog().at("api");
    line.say("consul:dc1", "web", {});
    EXPECT_EQ(line.pipeline.catalog().at("api"), api);
}

}  // namespace
}  // namespace cardea::discovery
