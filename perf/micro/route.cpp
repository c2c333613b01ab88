// The look-up of a request's route.
#include "perf/micro/measure.hpp"
#include "perf/micro/rooms.hpp"
#include "proxy/route/router.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cardea::micro {
namespace {

constexpr std::size_t routes_of_a_host = 10;

std::string host_of(std::size_t number) {
    return "shop" + std::to_string(number) + ".example.com";
}

/// Ten routes a host, each for a path of its own: what a large company's front door looks like.
std::vector<std::shared_ptr<const route::RoutePolicy>> make_routes(std::size_t count) {
    std::vector<std::shared_ptr<const route::RoutePolicy>> routes;
    routes.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        config::Route route;
        route.match.hosts = {{config::HostPattern::Kind::exact, host_of(i / routes_of_a_host)}};
        route.match.paths = {{config::PathPattern::Kind::prefix, "/part" + std::to_string(i % routes_of_a_host)}};
        route.action = config::ToService{"web"};
        routes.push_back(std::make_shared<const route::RoutePolicy>(std::move(route), 0, 1));
    }
    return routes;
}

struct Wanted {
    std::string host, path;
};

/// Drawn from all routes alike, so that large tables are not looked up in the processor's cache alone.
std::vector<Wanted> draw_requests(std::size_t routes) {
    constexpr std::size_t count = 4096;
    std::vector<Wanted> drawn;
    std::uint32_t random = 4711;
    for (std::size_t i = 0; i < count; ++i) {
        random = random * 1664525U + 1013904223U;
        const std::size_t route = (random >> 8U) % routes;
        drawn.push_back({host_of(route / routes_of_a_host), "/part" + std::to_string(route % routes_of_a_host) + "/articles/4711"});
    }
    return drawn;
}

void add_table(std::size_t count) {
    add("route/find/" + std::to_string(count) + "_routes",
        [count, router = std::shared_ptr<route::Router>(), requests = std::vector<Wanted>()](benchmark::State& state) mutable {
            if (!router) {
                router = std::make_shared<route::Router>(make_routes(count));
                requests = draw_requests(count);
            }
            std::size_t next = 0;
            measure(state, [&] {
                const Wanted& wanted = requests[next++ % requests.size()];
                const route::Found found = router->find(wanted.host, wanted.path, "GET");
                if (found.policy == nullptr) {
                    state.SkipWithError("a route was not found");
                }
                return found.policy;
            });
        });
}

}  // namespace

void add_route() {
    for (const std::size_t count : {10U, 1'000U, 100'000U}) {
        add_table(count);
    }
    add("route/build/1000_routes", [](benchmark::State& state) {
        const auto routes = make_routes(1'000);
        measure(state, [&] { return std::make_unique<route::Router>(routes); });
    });
}

}  // namespace cardea::micro
