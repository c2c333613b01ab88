#pragma once
// Which routes there are: those written down, those that labels ask for, and the catch-all where nothing else says
// anything and there is exactly one service. Pure but for the memory of services that are empty just now.

#include "config/config.hpp"
#include "discovery/catalog.hpp"
#include "proxy/control/views.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace cardea::control {

struct RenderedRoute {
    config::Route route{};
    std::string from{};  ///< `cardea.yaml:12`, `command line`, `label`, `only service`
};

struct Rendered {
    std::vector<RenderedRoute> routes{};  ///< in order of precedence among equals
    std::set<std::string> routed{};       ///< services that a route leads to
    std::vector<std::string> unrouted{};  ///< services with endpoints, or written down, that no route leads to
};

class Renderer {
public:
    /// A service's endpoints are not what they were; null: the service is gone. O(endpoints).
    void set_service(const std::string& name, const discovery::ServiceEndpoints* endpoints);
    /// O(routes + services).
    [[nodiscard]] Rendered render(const config::Config& config, const discovery::Catalog& catalog);

private:
    std::map<std::string, std::vector<config::Route>> by_labels_{};  ///< of a service that is empty now, the last ones
    std::string only_service_{};                                     ///< of the last catch-all
};

/// The settings of a service: those written down, or the defaults under its name.
[[nodiscard]] config::Service settings_of(const config::Config& config, const std::string& service);

[[nodiscard]] RouteView view_of(const RenderedRoute& rendered);

}  // namespace cardea::control
