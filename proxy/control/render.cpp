#include "proxy/control/render.hpp"

#include "config/labels.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace cardea::control {

namespace {

bool written_down(const config::Config& config, const std::string& service) {
    return std::any_of(config.services.begin(), config.services.end(), [&service](const auto& one) { return one.name == service; });
}

/// The one service that everything may go to, or empty. A service that has nobody home just now still counts when it is
/// the only one ever seen: clients get 503 for a moment, not 404.
std::string only_service(const config::Config& config, const discovery::Catalog& catalog, const std::string& former) {
    std::set<std::string> present, all;
    for (const auto& service : config.services) {
        present.insert(service.name);
    }
    for (const auto& [name, endpoints] : catalog) {
        all.insert(name);
        if (!endpoints->endpoints.empty()) {
            present.insert(name);
        }
    }
    if (present.size() == 1) {
        return *present.begin();
    }
    if (!present.empty() || all.empty()) {
        return {};
    }
    return all.size() == 1 ? *all.begin() : all.contains(former) ? former : std::string{};
}

/// Starting with nothing registered is normal; what comes later comes by itself.
config::Route nothing_yet() {
    config::Route route;
    route.name = "no service yet";
    route.action = config::Respond{503, "no service is known yet\n", {{"Retry-After", "1"}, {"Content-Type", "text/plain"}}};
    return route;
}

std::string words_of(const config::HostPattern& host) {
    return host.kind == config::HostPattern::Kind::any ? "*" : (host.kind == config::HostPattern::Kind::wildcard ? "*." : "") + host.text;
}

std::string words_of(const config::PathPattern& path) {
    switch (path.kind) {
        case config::PathPattern::Kind::any:
            return "/**";
        case config::PathPattern::Kind::exact:
            return path.text;
        case config::PathPattern::Kind::prefix:
            break;
    }
    return (path.text == "/" ? "" : path.text) + "/**";
}

std::string words_of(const std::string& method) {
    return method;
}

template <typename Items>
std::string joined(const Items& items) {
    std::string text;
    for (const auto& item : items) {
        text += (text.empty() ? "" : ",") + words_of(item);
    }
    return text;
}

}  // namespace

config::Service settings_of(const config::Config& config, const std::string& service) {
    const auto found =
        std::find_if(config.services.begin(), config.services.end(), [&service](const auto& one) { return one.name == service; });
    if (found != config.services.end()) {
        return *found;
    }
    config::Service settings;
    settings.name = service;
    return settings;
}

void Renderer::set_service(const std::string& name, const discovery::ServiceEndpoints* endpoints) {
    if (endpoints == nullptr) {
        by_labels_.erase(name);
        return;
    }
    if (endpoints->endpoints.empty()) {
        return;
    }
    std::set<config::Labels> labels;
    for (const auto& endpoint : endpoints->endpoints) {
        if (!endpoint.labels.empty()) {
            labels.insert(endpoint.labels);
        }
    }
    std::vector<config::Route> routes;
    for (const auto& set : labels) {
        for (auto& route : config::label_routes(name, set)) {
            if (std::find(routes.begin(), routes.end(), route) == routes.end()) {
                routes.push_back(std::move(route));
            }
        }
    }
    if (routes.empty()) {
        by_labels_.erase(name);
    } else {
        by_labels_[name] = std::move(routes);
    }
}

Rendered Renderer::render(const config::Config& config, const discovery::Catalog& catalog) {
    Rendered rendered;
    const auto add = [&](const config::Route& route, std::string from) {
        if (const auto* to = std::get_if<config::ToService>(&route.action)) {
            rendered.routed.insert(to->service);
        }
        rendered.routes.push_back({route, std::move(from)});
    };
    for (const auto& route : config.routes) {
        add(route, route.origin.file.empty() ? "command line" : route.origin.file + ':' + std::to_string(route.origin.line));
    }
    for (const auto& [service, routes] : by_labels_) {
        for (const auto& route : routes) {
            add(route, "label");
        }
    }
    if (rendered.routes.empty()) {
        only_service_ = only_service(config, catalog, only_service_);
        if (!only_service_.empty()) {
            config::Route route;
            route.name = only_service_;
            route.action = config::ToService{only_service_};
            add(route, "only service");
        } else if (catalog.empty() && config.services.empty()) {
            add(nothing_yet(), "only answer");
        }
    }
    for (const auto& [name, endpoints] : catalog) {
        if (!rendered.routed.contains(name) && (written_down(config, name) || !endpoints->endpoints.empty())) {
            rendered.unrouted.push_back(name);
        }
    }
    return rendered;
}

RouteView view_of(const RenderedRoute& rendered) {
    const auto& route = rendered.route;
    RouteView view;
    view.name = route.name;
    view.from = rendered.from;
    const auto& match = route.match;
    view.match = joined(match.methods) + (match.methods.empty() ? "" : " ") + (match.hosts.empty() ? "*" : joined(match.hosts)) +
                 (match.paths.empty() ? "/**" : ' ' + joined(match.paths));
    if (const auto* to = std::get_if<config::ToService>(&route.action)) {
        view.action = "service " + to->service;
    } else if (const auto* respond = std::get_if<config::Respond>(&route.action)) {
        view.action = "respond " + std::to_string(respond->status);
    } else if (const auto* redirect = std::get_if<config::Redirect>(&route.action)) {
        view.action = "redirect " + std::to_string(redirect->status) + ' ' + redirect->to;
    }
    return view;
}

}  // namespace cardea::control
