#include "config/labels.hpp"

#include "config/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cardea::config {
namespace {

using namespace std::string_literals;

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(OwnLabels, reads_every_key) {
    const auto own = own_labels({{"cardea.enable", "true"},
                                 {"cardea.service", "shop"},
                                 {"cardea.port", "8080"},
                                 {"cardea.weight", "3"},
                                 {"cardea.drain", "45s"},
                                 {"cardea.network", "front"},
                                 {"cardea.address", "container"},
                                 {"cardea.host", "shop.example.com, www.example.com"},
                                 {"cardea.api.host", "api.example.com"},
                                 {"cardea.api.path", "/v1/**"},
                                 {"com.docker.compose.service", "x"},
                                 {"cardeax.port", "1"}});
    EXPECT_THAT(own.problems, IsEmpty());
    EXPECT_EQ(own.enable, true);
    EXPECT_EQ(own.service, "shop");
    EXPECT_EQ(own.port, 8080);
    EXPECT_EQ(own.weight, 3U);
    EXPECT_EQ(own.drain, Duration{45000});
    EXPECT_EQ(own.network, "front");
    EXPECT_EQ(own.address, DockerAddress::container);
    EXPECT_EQ(own.routes.size(), 3U);
    EXPECT_TRUE(own.asks());
    EXPECT_TRUE(own.single());
}

TEST(OwnLabels, say_what_was_expected_and_count_as_absent) {
    const auto own = own_labels({{"cardea.port", "70000"},
                                 {"cardea.weight", "-1"},
                                 {"cardea.drain", "30"},
                                 {"cardea.address", "host"},
                                 {"cardea.service", ""},
                                 {"cardea.network", ""},
                                 {"cardea.hots", "x.com"},
                                 {"cardea.a b.host", "x.com"}});
    EXPECT_EQ(own.problems.size(), 8U);
    EXPECT_FALSE(own.asks());
    EXPECT_EQ(own.port, 0);
    EXPECT_FALSE(own.weight);
    for (const auto& problem : own.problems) {
        EXPECT_FALSE(problem.what.empty()) << problem.label;
        EXPECT_THAT(problem.label, HasSubstr("cardea."));
    }
}

TEST(OwnLabels, an_unreadable_enable_keeps_the_container_out) {
    for (const char* value : {"yes", "TRUE", "", "1", "false"}) {
        const auto own = own_labels({{"cardea.enable", value}, {"cardea.port", "80"}});
        EXPECT_EQ(own.enable, false) << value;
        EXPECT_FALSE(own.asks()) << value;
    }
}

TEST(OwnLabels, a_route_with_an_unreadable_part_is_dropped_whole_lest_it_widens) {
    const auto own =
        own_labels({{"cardea.api.host", "api.example.com:80"}, {"cardea.api.path", "/v1/**"}, {"cardea.host", "ok.example.com"}});
    EXPECT_EQ(own.routes, (Labels{{"host", "ok.example.com"}}));
    ASSERT_EQ(own.problems.size(), 1U);
    EXPECT_EQ(own.problems[0].label, "cardea.api.host");
    EXPECT_THAT(own.problems[0].what, HasSubstr("port"));
    EXPECT_THAT(label_routes("s", {{"api.host", "a:80"}, {"api.method", "GET"}, {"api.path", "/v1"}}), IsEmpty());
}

TEST(OwnLabels, an_unknown_key_is_told_which_was_meant) {
    const auto own = own_labels({{"cardea.hots", "x"}, {"cardea.api.pathh", "/"}, {"cardea.zzzzzz", "1"}});
    ASSERT_EQ(own.problems.size(), 3U);
    EXPECT_THAT(own.problems[0].what, HasSubstr("`path`"));
    EXPECT_THAT(own.problems[1].what, HasSubstr("`host`"));
    EXPECT_THAT(own.problems[2].what, HasSubstr("enable, service"));
}

TEST(OwnLabels, are_bounded) {
    Labels many;
    for (int i = 0; i < 1000; ++i) {
        many["cardea.r" + std::to_string(i) + ".host"] = "h" + std::to_string(i) + ".example.com";
    }
    EXPECT_LE(own_labels(many).routes.size(), 64U);
}

TEST(LabelRoutes, lead_to_their_own_service_only) {
    const auto routes =
        label_routes("shop", {{"host", "a.com,*.b.com"}, {"api.path", "/v1/**,/v2"}, {"api.method", "GET"}, {"container", "web01"}});
    ASSERT_EQ(routes.size(), 2U);
    EXPECT_EQ(routes[0].name, "shop");
    EXPECT_EQ(routes[0].match.hosts,
              (std::vector<HostPattern>{{HostPattern::Kind::exact, "a.com"}, {HostPattern::Kind::wildcard, "b.com"}}));
    EXPECT_EQ(routes[1].name, "shop/api");
    EXPECT_EQ(routes[1].match.paths, (std::vector<PathPattern>{{PathPattern::Kind::prefix, "/v1"}, {PathPattern::Kind::exact, "/v2"}}));
    EXPECT_THAT(routes[1].match.methods, ElementsAre("GET"));
    for (const auto& route : routes) {
        EXPECT_EQ(std::get<ToService>(route.action).service, "shop");
        EXPECT_EQ(route.origin.file, "label");
        EXPECT_EQ(route.request_headers, HeaderEdits{});
    }
}

TEST(Tags, split_at_commas_that_are_not_escaped) {
    EXPECT_THAT(split_tags("a,b\\,c"), ElementsAre("a", "b,c"));
    EXPECT_THAT(split_tags(",a,,b,"), ElementsAre("a", "b"));
    EXPECT_THAT(split_tags("a\\b,\\"), ElementsAre("a\\b", "\\"));
    EXPECT_THAT(split_tags(""), IsEmpty());
}

TEST(Registrator, a_key_of_the_port_beats_the_general_one_and_a_label_beats_the_environment) {
    const std::vector<std::string> env{"SERVICE_NAME=web", "SERVICE_80_NAME=front", "SERVICE_TAGS=a,b",
                                       "PATH=/bin",        "SERVICE_BROKEN",        "SERVICE_X=1=2"};
    const Labels labels{{"SERVICE_TAGS", "c"}, {"SERVICE_80_REGION", "eu"}, {"service_name", "no"}};
    const auto http = registrator_keys(env, labels, 80);
    EXPECT_EQ(http.name, "front");
    EXPECT_TRUE(http.name_of_port);
    EXPECT_THAT(http.tags, ElementsAre("c"));
    EXPECT_EQ(http.attributes.at("region"), "eu");
    EXPECT_EQ(http.attributes.at("x"), "1=2");
    const auto other = registrator_keys(env, labels, 443);
    EXPECT_EQ(other.name, "web");
    EXPECT_FALSE(other.name_of_port);
    EXPECT_FALSE(other.attributes.contains("region"));
}

TEST(Registrator, any_ignore_ignores_even_false_and_says_so) {
    const auto keys = registrator_keys({"SERVICE_IGNORE=false"}, {}, 80);
    EXPECT_TRUE(keys.ignore);
    ASSERT_EQ(keys.problems.size(), 1U);
    EXPECT_FALSE(registrator_keys({"SERVICE_IGNORE="}, {}, 80).ignore);
    EXPECT_TRUE(registrator_keys({"SERVICE_443_IGNORE=1"}, {}, 443).ignore);
    EXPECT_FALSE(registrator_keys({"SERVICE_443_IGNORE=1"}, {}, 80).ignore);
}

TEST(Registrator, weight_is_checked_and_names_must_be_usable) {
    EXPECT_EQ(registrator_keys({"SERVICE_WEIGHT=5"}, {}, 80).weight, 5U);
    const auto bad = registrator_keys({"SERVICE_WEIGHT=heavy", "SERVICE_NAME=a\nb"}, {}, 80);
    EXPECT_FALSE(bad.weight);
    EXPECT_EQ(bad.name, "");
    EXPECT_EQ(bad.problems.size(), 2U);
}

TEST(Registrator, default_name_is_the_last_part_of_the_image) {
    EXPECT_EQ(image_service_name("nginx"), "nginx");
    EXPECT_EQ(image_service_name("host:5000/team/web:1.2"), "web");
    EXPECT_EQ(image_service_name("a/web@sha256:0123456789abcdef"), "web");
    EXPECT_EQ(image_service_name("sha256:0123456789abcdef0123456789abcdef"), "");
    EXPECT_EQ(image_service_name("0123456789ab"), "");
    EXPECT_EQ(image_service_name(""), "");
    EXPECT_EQ(image_service_name("a/"), "");
}

/// Everything of a route that a label could have put a control character, a variable or a second meaning into.
void expect_only_its_own(const std::vector<Route>& routes, const std::string& told) {
    for (const auto& route : routes) {
        EXPECT_EQ(route.action, RouteAction(ToService{"mine"})) << told;
        EXPECT_EQ(route.request_headers, HeaderEdits{}) << told;
        EXPECT_EQ(route.response_headers, HeaderEdits{}) << told;
        for (const auto& host : route.match.hosts) {
            EXPECT_EQ(host.text.find_first_of(std::string_view{"\r\n\0 /${}[]`\"'|;#?@,:", 19}), std::string::npos)
                << told << ": " << host.text;
        }
        for (const auto& path : route.match.paths) {
            EXPECT_EQ(path.text.find_first_of(std::string_view{"\r\n\0 ?#\\", 7}), std::string::npos) << told << ": " << path.text;
            EXPECT_EQ(("/" + path.text + "/").find("/../"), std::string::npos) << told << ": " << path.text;
        }
    }
}

TEST(HostileLabels, say_nothing_beyond_their_own_service) {
    const std::vector<std::string> values{"${SECRET}",
                                          "${file:/etc/shadow}",
                                          "$${X}",
                                          "{host}",
                                          "$(id)",
                                          "`id`",
                                          "a.example\r\nX-Admin: yes",
                                          "a.example\n- service: admin",
                                          "a.example\0.evil"s,
                                          "a.example ",
                                          "*",
                                          "**",
                                          "*.*",
                                          "*.example.com",
                                          "a.example:80",
                                          "a.example/x",
                                          "http://a.example/",
                                          "../../etc",
                                          "/../admin",
                                          "/%2e%2e/admin",
                                          "/a/../../b",
                                          "/%00",
                                          "/a\r\nHost: evil",
                                          "/a?x=1",
                                          "/a#b",
                                          "/a b",
                                          "/**/x",
                                          "/a/**",
                                          "\\..\\x",
                                          "{service: admin}",
                                          "[admin]",
                                          "admin: {x: y}",
                                          "&a",
                                          "*a",
                                          "!!str x",
                                          "GET\r\nX: y",
                                          "GET,TRACE",
                                          "GET POST",
                                          "'",
                                          "\"",
                                          "\xff\xfe",
                                          "\xc2\x9b[2J",
                                          std::string(100'000, 'a'),
                                          ",",
                                          ",,,",
                                          "/a,/b,\n/c"};
    for (const char* const key : {"cardea.host",
                                  "cardea.path",
                                  "cardea.method",
                                  "cardea.api.host",
                                  "cardea.api.path",
                                  "cardea.a/b.host",
                                  "cardea.a b.host",
                                  "cardea..host",
                                  "cardea.service",
                                  "cardea.headers.set.x-admin",
                                  "cardea.api.service",
                                  "cardea.routes",
                                  "cardea.respond",
                                  "cardea.redirect",
                                  "cardea.admin",
                                  "cardea.process.user",
                                  "cardea.trusted_proxies",
                                  "cardea.upstream_host",
                                  "cardea.${X}.host",
                                  "cardea.host\n",
                                  "cardea.network",
                                  "cardea.address",
                                  "cardea.port",
                                  "cardea.weight",
                                  "cardea.drain",
                                  "cardea.enable"}) {
        for (const auto& value : values) {
            const std::string told = std::string(key) + "=" + printable(value, 60);
            const auto own = own_labels({{key, value}, {"cardea.api.method", "GET"}});
            expect_only_its_own(label_routes("mine", own.routes), told);
            EXPECT_TRUE(own.service.empty() || usable_service_name(own.service)) << told;
            for (const auto& problem : own.problems) {
                EXPECT_EQ(printable(problem.label + problem.what, 1'000'000), problem.label + problem.what) << told << ": safe to be shown";
                EXPECT_LT(problem.what.size(), 1000U) << told;
            }
            expect_only_its_own(label_routes("mine", {{key + 7, value}}), told);
        }
    }
}

TEST(HostileLabels, no_key_reaches_a_setting_that_is_not_an_endpoints) {
    for (const char* const key :
         {"headers", "set", "remove", "rewrite", "respond", "redirect", "upstream_host", "timeouts", "retry", "health", "balance", "admin",
          "listen", "process", "api.service", "api.respond", "api.headers", "tls", "trusted_proxies"}) {
        const auto own = own_labels({{std::string("cardea.") + key, "x"}});
        EXPECT_TRUE(own.routes.empty()) << key;
        ASSERT_EQ(own.problems.size(), 1U) << key;
        EXPECT_NE(own.problems[0].what.find("is not a label Cardea knows"), std::string::npos) << key;
    }
}

TEST(HostileLabels, tags_and_attributes_of_registrator_are_text) {
    const auto keys = registrator_keys({"SERVICE_TAGS=urlprefix-admin.example/,traefik.http.routers.x.rule=Host(`admin`),a\r\nb",
                                        "SERVICE_NAME=a\nb", "SERVICE_${X}=y", "SERVICE_80_ID=../x"},
                                       {{"SERVICE_CHECK_SCRIPT", "rm -rf /"}}, 80);
    EXPECT_EQ(keys.tags.size(), 3U) << "kept as they are, understood by nobody";
    EXPECT_TRUE(keys.name.empty()) << "a name with a line break is none";
    EXPECT_EQ(keys.attributes.at("check_script"), "rm -rf /");
    EXPECT_TRUE(label_routes("mine", keys.attributes).empty());
}

}  // namespace
}  // namespace cardea::config
