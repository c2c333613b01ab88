#include "config/diff.hpp"

#include <gtest/gtest.h>

namespace cardea::config {
namespace {

Config base() {
    Config config;
    config.listeners.push_back({.name = "web", .address = *parse_listen_address(":8000")});
    config.services.push_back({.name = "api", .endpoints = {StaticEndpoint{.address = *parse_address("10.0.0.1:80")}}});
    config.routes.push_back({.name = "r", .action = ToService{"api"}});
    return config;
}

TEST(Diff, nothing_changed_wherever_it_is_written) {
    auto moved = base();
    moved.listeners[0].origin = {"other.yaml", 7, 1};
    moved.services[0].origin = {"other.yaml", 9, 1};
    moved.routes[0].origin = {"other.yaml", 11, 1};
    moved.admin.origin = {"other.yaml", 1, 1};
    EXPECT_TRUE(diff(base(), moved).empty());
    EXPECT_EQ(to_string(diff(base(), moved)), "nothing changed");
}

TEST(Diff, names_what_came_what_went_and_what_is_different) {
    auto next = base();
    next.listeners[0].name = "api";
    next.services[0].timeouts.connect = Duration{5};
    next.services[0].drain = Duration{7};
    next.services[0].slow_start = Duration{9};
    next.services[0].max_pending = 11;
    next.health.max_per_second = 3;
    next.services.push_back({.name = "new"});
    next.routes.push_back({.name = "s"});
    next.log.level = Log::Level::debug;
    EXPECT_EQ(to_string(diff(base(), next)),
              "listeners +api -web, services ~api (slow_start, timeouts, max_pending, drain) +new, routes 1 -> 2, health, log");
}

TEST(Diff, says_what_needs_a_restart) {
    auto next = base();
    next.process.max_connections = 3;
    next.process.max_buffered = Bytes{4};
    next.process.max_queue_time = Duration{5};
    next.process.max_pipes = 1;
    next.process.latency = Latency::adaptive;
    next.process.state_dir = "/var/lib/cardea";
    const auto difference = diff(base(), next);
    EXPECT_EQ(difference.needs_restart, std::vector<std::string>{"process.state_dir"});
    EXPECT_EQ(to_string(difference),
              "process.max_connections, process.max_buffered, process.max_queue_time, process.max_pipes, process.latency, "
              "process.state_dir; "
              "takes effect after a restart: process.state_dir");
    next.process.sandbox = Sandbox::off;
    next.process.user = "cardea";
    EXPECT_EQ(diff(base(), next).needs_restart.size(), 3U);
}

TEST(Diff, sees_every_source_and_a_change_of_address) {
    auto next = base();
    next.listeners[0].address = *parse_listen_address("127.0.0.1:9000");
    next.discovery.consul.push_back({.name = "main"});
    next.discovery.deny.push_back(*parse_cidr("10.0.0.0/8"));
    EXPECT_EQ(to_string(diff(base(), next)), "listeners ~web (address [::]:8000 -> 127.0.0.1:9000), consul +main, discovery.allow/deny");
    EXPECT_EQ(to_string(diff(next, base())), "listeners ~web (address 127.0.0.1:9000 -> [::]:8000), consul -main, discovery.allow/deny");
}

}  // namespace
}  // namespace cardea::config
