#pragma once
// Which route a request takes. Host exact > wildcard (longest) > any, then path (exact > longest prefix), then the route
// with more conditions (a method), then the order written; a route that lacks the method gives way to a less specific one of
// the same host, never to that of a less specific host.
// Immutable; find() is called by every worker, O(labels + path segments), and allocates only for a 405 or a long odd path.

#include "config/config.hpp"
#include "proxy/net/pins.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::route {

/// What an exchange keeps of its route. Outlives the router while pinned.
struct RoutePolicy {
    RoutePolicy(config::Route what, std::uint32_t upstream_index, std::size_t workers, std::uint16_t metrics_number = 0)
        : route(std::move(what)), upstream(upstream_index), number(metrics_number), pins(workers) {}
    static constexpr std::uint32_t no_upstream = ~std::uint32_t{0};
    const config::Route route;
    const std::uint32_t upstream;  ///< index into Snapshot::upstreams for a ToService action, else no_upstream
    const std::uint16_t number;    ///< its name in metrics
    mutable net::Pins pins;
};

struct Found {
    const RoutePolicy* policy{nullptr};
    std::string allow{};  ///< when policy is null but the path matched with other methods: value for Allow (405)
};

class Router {
public:
    explicit Router(std::vector<std::shared_ptr<const RoutePolicy>> routes);
    ~Router();
    /// `host` in any case, without port and brackets; `path` as received: normalised here for matching only (normal_path.hpp).
    [[nodiscard]] Found find(std::string_view host, std::string_view path, std::string_view method) const;
    [[nodiscard]] const std::vector<std::shared_ptr<const RoutePolicy>>& routes() const;

private:
    struct Tables;
    std::unique_ptr<const Tables> tables_;
};

}  // namespace cardea::route
