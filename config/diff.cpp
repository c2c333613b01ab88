#include "config/diff.hpp"

#include <algorithm>
#include <functional>
#include <map>

namespace cardea::config {

namespace {

/// A copy that forgets where it was written.
template <typename T>
T placeless(T value) {
    value.origin = {};
    return value;
}

std::string listed(const std::vector<std::string>& parts) {
    std::string out;
    for (const auto& part : parts) {
        out += (out.empty() ? "" : ", ") + part;
    }
    return out;
}

/// `+new -gone ~changed (what)` of things that have names; `parts` names what differs between two of them.
template <typename T>
std::string named_changes(const std::vector<T>& before, const std::vector<T>& after,
                          const std::function<std::vector<std::string>(const T&, const T&)>& parts) {
    std::map<std::string, std::pair<const T*, const T*>> all;
    for (const auto& item : before) {
        all[item.name].first = &item;
    }
    for (const auto& item : after) {
        all[item.name].second = &item;
    }
    std::string out;
    for (const auto& [name, pair] : all) {
        const auto& [old_one, new_one] = pair;
        if (old_one == nullptr) {
            out += " +" + name;
        } else if (new_one == nullptr) {
            out += " -" + name;
        } else if (placeless(*old_one) != placeless(*new_one)) {
            out += " ~" + name + " (" + listed(parts(*old_one, *new_one)) + ")";
        }
    }
    return out;
}

std::vector<std::string> service_parts(const Service& a, const Service& b) {
    std::vector<std::string> out;
    const auto compare = [&out](const char* name, bool same) {
        if (!same) {
            out.emplace_back(name);
        }
    };
    compare("endpoints", a.endpoints == b.endpoints);
    compare("balance", a.balance == b.balance);
    compare("slow_start", a.slow_start == b.slow_start);
    compare("health", a.health == b.health);
    compare("timeouts", a.timeouts == b.timeouts);
    compare("retry", a.retry == b.retry);
    compare("keepalive", a.keepalive == b.keepalive);
    compare("queue", a.queue == b.queue);
    compare("response", a.response == b.response);
    compare("max_pending", a.max_pending == b.max_pending);
    compare("drain", a.drain == b.drain);
    compare("upstream_host", a.upstream_host == b.upstream_host);
    return out;
}

std::vector<std::string> listener_parts(const Listener& a, const Listener& b) {
    std::vector<std::string> out;
    if (a.address != b.address) {
        out.push_back("address " + to_string(a.address) + " -> " + to_string(b.address));
    }
    if (a.client != b.client) {
        out.emplace_back("client");
    }
    if (a.trusted_proxies != b.trusted_proxies) {
        out.emplace_back("trusted_proxies");
    }
    return out;
}

bool same_routes(const std::vector<Route>& a, const std::vector<Route>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Route& x, const Route& y) { return placeless(x) == placeless(y); });
}

void discovery_changes(const Discovery& a, const Discovery& b, std::vector<std::string>& out) {
    const auto consul =
        named_changes<ConsulSource>(a.consul, b.consul, [](const auto&, const auto&) { return std::vector<std::string>{"settings"}; });
    const auto docker =
        named_changes<DockerSource>(a.docker, b.docker, [](const auto&, const auto&) { return std::vector<std::string>{"settings"}; });
    if (!consul.empty()) {
        out.push_back("consul" + consul);
    }
    if (!docker.empty()) {
        out.push_back("docker" + docker);
    }
    if (a.allow != b.allow || a.deny != b.deny) {
        out.emplace_back("discovery.allow/deny");
    }
    if (a.debounce_quiet != b.debounce_quiet || a.debounce_max != b.debounce_max) {
        out.emplace_back("discovery.debounce");
    }
    if (a.max_answer != b.max_answer || a.max_service_endpoints != b.max_service_endpoints || a.max_endpoints != b.max_endpoints) {
        out.emplace_back("discovery.max_answer/max_service_endpoints/max_endpoints");
    }
}

void process_changes(const Process& a, const Process& b, Difference& out) {
    const auto compare = [&out](const char* key, bool same, bool restart) {
        if (!same) {
            out.changes.emplace_back(key);
            if (restart) {
                out.needs_restart.emplace_back(key);
            }
        }
    };
    compare("process.threads", a.threads == b.threads, false);  // who keeps the workers knows how far
    compare("process.max_connections", a.max_connections == b.max_connections, false);
    compare("process.max_buffered", a.max_buffered == b.max_buffered, false);
    compare("process.max_queue_time", a.max_queue_time == b.max_queue_time, false);
    compare("process.max_pipes", a.max_pipes == b.max_pipes, false);
    compare("process.latency", a.latency == b.latency, false);
    compare("process.state_dir", a.state_dir == b.state_dir, true);
    compare("process.user", a.user == b.user, true);
    compare("process.group", a.group == b.group, true);
    compare("process.sandbox", a.sandbox == b.sandbox, true);
    compare("process.graceful_timeout", a.graceful_timeout == b.graceful_timeout, false);
    compare("process.stop_delay", a.stop_delay == b.stop_delay, false);
    compare("process.wait_for_sources", a.wait_for_sources == b.wait_for_sources, false);
}

}  // namespace

Difference diff(const Config& before, const Config& after) {
    Difference out;
    const auto listeners = named_changes<Listener>(before.listeners, after.listeners, listener_parts);
    if (!listeners.empty()) {
        out.changes.push_back("listeners" + listeners);
    }
    discovery_changes(before.discovery, after.discovery, out.changes);
    const auto services = named_changes<Service>(before.services, after.services, service_parts);
    if (!services.empty()) {
        out.changes.push_back("services" + services);
    }
    if (!same_routes(before.routes, after.routes)) {
        out.changes.push_back("routes " + std::to_string(before.routes.size()) + " -> " + std::to_string(after.routes.size()));
    }
    process_changes(before.process, after.process, out);
    const auto compare = [&out](const char* name, bool same) {
        if (!same) {
            out.changes.emplace_back(name);
        }
    };
    compare("health", before.health == after.health);
    compare("headers", before.headers == after.headers);
    compare("path", before.path == after.path);
    compare("admin", placeless(before.admin) == placeless(after.admin));
    compare("access_log", placeless(before.access_log) == placeless(after.access_log));
    compare("journal", placeless(before.journal) == placeless(after.journal));
    compare("log", before.log == after.log);
    return out;
}

std::string to_string(const Difference& difference) {
    if (difference.empty()) {
        return "nothing changed";
    }
    const auto restart = difference.needs_restart.empty() ? "" : "; takes effect after a restart: " + listed(difference.needs_restart);
    return listed(difference.changes) + restart;
}

}  // namespace cardea::config
