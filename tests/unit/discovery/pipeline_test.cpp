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
    Pipeline pipeline;
    Changes last{};

    explicit Line(const config::Config& config) : pipeline({}) { last = pipeline.configure(config); }
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

std::vector<std::pair<std::string, std::string>> so_many(std::size_t count, const std::string& prefix = "10.") {
    std::vector<std::pair<std::string, std::string>> instances;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string number = std::to_string(100'000 + i);
        instances.emplace_back("n|" + number, prefix + std::to_string(1 + i / 62'500) + "." + std::to_string(i / 250 % 250) + "." +
                                                  std::to_string(1 + i % 250) + ":80");
    }
    return instances;
}

constexpr std::size_t few = 100;

config::Config two_sources_of_few() {
    auto config = two_sources();
    config.discovery.max_service_endpoints = few;
    config.discovery.max_endpoints = 10 * few;
    return config;
}

TEST(Pipeline, the_bounds_are_those_that_are_promised) {
    const config::Discovery usual;
    EXPECT_EQ(usual.max_service_endpoints, 10'000U);
    EXPECT_EQ(usual.max_endpoints, 100'000U);
    EXPECT_EQ(usual.max_answer, config::Bytes{32U << 20});
    EXPECT_EQ(answer_depth_max, 64U);
}

TEST(Pipeline, more_endpoints_of_a_service_than_anybody_has_leave_the_last_good_set) {
    auto config = two_sources_of_few();
    config.routes.push_back(route_to("web"));
    Line line(config);
    line.say("consul:dc1", "web", {{"n|1", "10.0.0.1:80"}});
    line.say("consul:dc1", "web", so_many(few + 1));
    EXPECT_TRUE(line.last.upstreams.empty());
    EXPECT_EQ(line.endpoints("web"), Strings{"10.0.0.1:80"});
    EXPECT_EQ(line.pipeline.excesses(),
              Strings{"consul:dc1 web: 101 endpoints of one service, at most 100 are taken: what was known before stays in force"});
    EXPECT_EQ(line.pipeline.work().services_too_large, 1U);
    line.say("consul:dc1", "web", so_many(few));
    EXPECT_EQ(line.endpoints("web").size(), few);
    EXPECT_EQ(line.pipeline.excesses(), Strings{});
    config.discovery.max_service_endpoints = few + 1;
    line.last = line.pipeline.configure(config);
    line.say("consul:dc1", "web", so_many(few + 1));
    EXPECT_EQ(line.endpoints("web").size(), few + 1) << "a reload has raised the limit";
}

TEST(Pipeline, more_endpoints_in_all_than_anybody_has_leave_what_there_was) {
    auto config = two_sources_of_few();
    Line line(config);
    const auto many = so_many(few);
    for (int i = 0; i < 10; ++i) {
        line.say("docker:h2", "s" + std::to_string(i), many);
    }
    EXPECT_EQ(line.pipeline.excesses(), Strings{});
    line.say("docker:h2", "one-more", {{"c1:80/tcp", "10.0.0.1:80"}});
    EXPECT_EQ(line.endpoints("one-more"), Strings{"no such upstream"});
    EXPECT_EQ(line.pipeline.excesses().size(), 1U);
    EXPECT_EQ(line.pipeline.work().too_many_in_all, 1U);
    line.say("docker:h2", "s3", so_many(few, "11."));
    EXPECT_EQ(line.endpoints("s3").size(), few) << "who has a place may use it";
    line.say("docker:h2", "s4", so_many(few - 1));
    line.say("docker:h2", "one-more", {{"c1:80/tcp", "10.0.0.1:80"}});
    EXPECT_EQ(line.endpoints("one-more"), Strings{"10.0.0.1:80"});
    EXPECT_EQ(line.pipeline.excesses(), Strings{});
    line.pipeline.configure(config::Config{});
    line.last = line.pipeline.configure(config);
    line.say("docker:h2", "s0", many);
    EXPECT_EQ(line.endpoints("s0").size(), few) << "what is forgotten does not count";
}

TEST(Pipeline, a_source_that_names_others_each_time_is_not_held_without_end) {
    auto config = two_sources_of_few();
    config.routes.push_back(route_to("web"));
    Line line(config);
    line.say("consul:dc1", "web", so_many(90));
    line.say("consul:dc1", "web", so_many(80, "11."), Evidence::weak);
    auto others = so_many(80, "12.");
    for (auto& [instance, address] : others) {
        instance += "-new";
    }
    line.say("consul:dc1", "web", others, Evidence::weak);
    EXPECT_EQ(line.endpoints("web").size(), few);
}

TEST(Pipeline, a_name_of_very_many_addresses_is_cut) {
    auto config = two_sources();
    config.routes.push_back(route_to("web"));
    Line line(config);
    line.say("consul:dc1", "web", {{"n|1", "app.internal:80"}});
    Resolution resolution;
    for (std::uint8_t i = 1; i < 250; ++i) {
        resolution.addresses.push_back(config::parse_ip("10.0.0." + std::to_string(i)).value());
    }
    line.last = line.pipeline.resolved("app.internal", resolution);
    EXPECT_EQ(line.endpoints("web").size(), name_addresses_max);
}

TEST(Pipeline, a_name_that_comes_to_lead_elsewhere_is_judged_again) {
    auto config = two_sources();
    config.routes.push_back(route_to("web"));
    Line line(config);
    line.say("consul:dc1", "web", {{"n|1", "app.internal:80"}});
    const auto resolve = [&](const Strings& addresses) {
        Resolution resolution;
        for (const auto& address : addresses) {
            resolution.addresses.push_back(config::parse_ip(address).value());
        }
        line.last = line.pipeline.resolved("app.internal", resolution);
    };
    resolve({"10.0.0.1"});
    EXPECT_EQ(line.endpoints("web"), Strings{"10.0.0.1:80"});
    for (const char* const rebound :
         {"169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "127.0.0.1", "fd00:ec2::254", "0.0.0.0"}) {
        resolve({rebound});
        EXPECT_EQ(line.endpoints("web"), Strings{}) << rebound;
        EXPECT_EQ(line.pipeline.refusals().size(), 1U) << rebound;
        resolve({"10.0.0.1", rebound});
        EXPECT_EQ(line.endpoints("web"), Strings{"10.0.0.1:80"}) << rebound;
    }
}

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
