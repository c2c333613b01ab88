#include "proxy/startup.hpp"

#include <gtest/gtest.h>
#include <algorithm>

namespace cardea::proxy {
namespace {

TEST(StartupHead, says_what_runs_and_where) {
    const auto text = startup_head("cardea.yaml", 2, {{"web", "[::]:8000"}}, {"127.0.0.1:8001", "unix:/run/cardea/admin.sock"});
    EXPECT_EQ(text, "cardea " CARDEA_VERSION
                    ", cardea.yaml, 2 workers\n"
                    "  listening  [::]:8000 (web)\n"
                    "  admin      127.0.0.1:8001\n"
                    "  admin      unix:/run/cardea/admin.sock\n");
    EXPECT_NE(startup_head("", 1, {}, {}).find("command line, 1 worker\n"), std::string::npos);
}

TEST(StartupFindings, never_green_and_empty_without_saying_why) {
    control::SourceView silent;
    silent.name = "consul:dc1";
    silent.last_error = "connect to 10.0.0.1:8500: Connection refused";
    const auto text = startup_findings({silent}, {}, {}, {"service api has no route: add it"});
    EXPECT_NE(text.find("consul:dc1: no complete answer yet (connect to 10.0.0.1:8500: Connection refused)"), std::string::npos);
    EXPECT_NE(text.find("mind       service api has no route: add it"), std::string::npos);
}

TEST(StartupFindings, shows_what_a_registry_says_and_does_not_obey_it) {
    const auto text = startup_findings({}, {}, {}, {"docker:h1: container `x\x1b]0;owned\x07\n  mind       all is well`"});
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find('\x07'), std::string::npos);
}

TEST(StartupFindings, tells_first_sync_services_and_routes) {
    control::SourceView source;
    source.name = "consul:dc1";
    source.synced = true;
    source.services = 1;
    source.endpoints = 4;
    source.first_sync = config::Duration(12);
    const auto text = startup_findings({source}, {{"nginx", 4, 3, "round_robin", false, true}, {"api", 1, 1, "round_robin", false, false}},
                                       {{"all", "*/**", "service nginx", "cardea.yaml:5"}}, {});
    EXPECT_EQ(text,
              "  source     consul:dc1: 1 service, 4 endpoints after 12ms\n"
              "  service    nginx: 3 of 4 endpoints ready\n"
              "  service    api: 1 of 1 endpoint ready, no route leads here\n"
              "  route      */** -> service nginx\n");
}

TEST(StartupFindings, large_installations_do_not_scroll_the_screen_away) {
    const std::vector<control::ServiceView> services(500, control::ServiceView{"web", 1, 1, "round_robin", false, true});
    const auto text = startup_findings({}, services, {}, {});
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 21);
    EXPECT_NE(text.find("and 480 more"), std::string::npos);
}

}  // namespace
}  // namespace cardea::proxy
