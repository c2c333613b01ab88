#include "config/validate.hpp"

#include "config/endpoint_text.hpp"
#include "config/patterns.hpp"
#include "config/text.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace cardea::config {

namespace {

/// True when a socket on one also gets what is meant for the other.
bool overlap(const Address& a, const Address& b) {
    if (a.kind != b.kind || a.kind == Address::Kind::name) {
        return false;
    }
    if (a.kind == Address::Kind::unix_path) {
        return a.name == b.name;
    }
    const auto covers = [](const IpAddress& wide, const IpAddress& ip) {
        return wide == ip || (wide.unspecified() && (wide.v6 || !ip.v6));
    };
    return a.port == b.port && a.port != 0 && (covers(a.ip, b.ip) || covers(b.ip, a.ip));
}

class Checks {
public:
    Checks(const Config& config, const Marks& marks, Problems& problems) : config_(config), marks_(marks), problems_(problems) {
        for (const auto& source : config.discovery.consul) {
            consul_.push_back(source.name);
        }
        for (const auto& source : config.discovery.docker) {
            docker_.push_back(source.name);
        }
        for (const auto& service : config.services) {
            services_.push_back(service.name);
            service_names_.insert(service.name);
        }
    }

    void run() {
        listeners();
        admin();
        sources();
        for (const auto& service : config_.services) {
            check_service(service);
        }
        routes();
    }

private:
    /// Nothing at all could be asked for endpoints.
    [[nodiscard]] bool no_sources() const { return consul_.empty() && docker_.empty() && !marks_.contains("discovery.incomplete"); }

    void add(Problem::Severity severity, std::string_view code, const std::string& path, const Origin& origin, std::string what,
             std::vector<std::string> notes, std::string at_caret = {}) {
        auto& count = severity == Problem::Severity::error ? errors_ : warnings_;
        if (++count > most_problems) {
            return;
        }
        Problem problem{.severity = severity,
                        .code = std::string(code),
                        .what = std::move(what),
                        .origin = origin,
                        .at_caret = std::move(at_caret),
                        .notes = std::move(notes)};
        if (const auto mark = marks_.find(path); mark != marks_.end()) {
            problem.origin.line = mark->second.line;
            problem.origin.column = mark->second.column;
            problem.width = mark->second.width;
        }
        problems_.push_back(std::move(problem));
    }
    void error(std::string_view code, const std::string& path, const Origin& origin, std::string what, std::vector<std::string> notes,
               std::string at_caret = {}) {
        add(Problem::Severity::error, code, path, origin, std::move(what), std::move(notes), std::move(at_caret));
    }
    void warn(std::string_view code, const std::string& path, const Origin& origin, std::string what, std::vector<std::string> notes) {
        add(Problem::Severity::warning, code, path, origin, std::move(what), std::move(notes));
    }

    void listeners() {
        for (std::size_t at = 0; at < config_.listeners.size(); ++at) {
            const auto& listener = config_.listeners[at];
            for (std::size_t before = 0; before < at; ++before) {
                const auto& other = config_.listeners[before];
                if (overlap(listener.address, other.address)) {
                    error("E0202", "listeners." + listener.name + ".address", listener.origin,
                          "the listeners `" + other.name + "` and `" + listener.name + "` both want " + to_string(listener.address),
                          {"`" + other.name + "` listens on " + to_string(other.address) + ": give each its own address or port"});
                    break;
                }
            }
            const auto everybody = [](const Cidr& cidr) { return cidr.bits == 0; };
            if (std::any_of(listener.trusted_proxies.begin(), listener.trusted_proxies.end(), everybody)) {
                warn("W0304", "", listener.origin, "the listener `" + listener.name + "` believes everybody about the client's address",
                     {"name the proxies in front of it in `trusted_proxies`"});
            }
        }
    }

    void admin() {
        if (!config_.admin.enabled) {
            return;
        }
        const auto& tcp = config_.admin.tcp;
        if (tcp && (tcp->kind != Address::Kind::ip || !tcp->ip.loopback())) {
            error("E0208", "admin.tcp", config_.admin.origin,
                  "admin on " + to_string(*tcp) + " could be reached from elsewhere without a password",
                  {"write 127.0.0.1:" + std::to_string(tcp->port) + ", or use the unix socket"});
        }
        const Address socket{.kind = Address::Kind::unix_path, .name = config_.admin.unix_path};
        for (const auto& listener : config_.listeners) {
            if ((tcp && overlap(*tcp, listener.address)) || (!socket.name.empty() && overlap(socket, listener.address))) {
                error("E0204", "listeners." + listener.name + ".address", listener.origin,
                      "the listener `" + listener.name + "` and admin both want " + to_string(listener.address),
                      {"move one of them: `admin: {tcp: 127.0.0.1:9001}`, or `admin: off`"});
            }
        }
    }

    void check_dialled(const Address& address, const std::string& path, const Origin& origin) {
        if (address.kind == Address::Kind::ip && address.port != 0 && (address.ip.unspecified() || address.ip.multicast())) {
            error("E0207", path, origin, "nobody can be dialled at " + to_string(address),
                  {address.ip.unspecified() ? "it stands for every address of a machine: name one, as 127.0.0.1"
                                            : "it is a multicast address"});
        }
    }

    void sources() {
        for (const auto& source : config_.discovery.consul) {
            for (const auto& address : source.addresses) {
                check_dialled(address, "consul." + source.name, source.origin);
            }
        }
        for (const auto& source : config_.discovery.docker) {
            check_dialled(source.endpoint, "docker." + source.name, source.origin);
        }
    }

    void check_source(const std::string& kind, const std::vector<std::string_view>& known, const std::string& source,
                      const std::string& path, const Service& service) {
        if (known.empty() && marks_.contains("discovery.incomplete")) {
            return;
        }
        if (known.empty()) {
            error("E0203", path, service.origin, "there is no " + kind + " source to ask for the endpoints of `" + service.name + "`",
                  {"add it under `discovery: {" + kind + ": ...}`"});
        } else if (!source.empty() && std::find(known.begin(), known.end(), source) == known.end()) {
            const auto meant = nearest(source, known);
            std::string names;
            for (const auto name : known) {
                names += (names.empty() ? "" : ", ") + std::string(name);
            }
            error("E0203", path, service.origin, "there is no " + kind + " source called `" + printable(source) + "`", {"known: " + names},
                  meant.empty() ? "" : "did you mean `" + meant + "`?");
        }
    }

    void check_static(const StaticEndpoint& endpoint, const std::string& path, const Service& service) {
        check_dialled(endpoint.address, path, service.origin);
        for (const auto& listener : config_.listeners) {
            const bool same_place = overlap(endpoint.address, listener.address) &&
                                    (endpoint.address.kind != Address::Kind::ip || endpoint.address.ip == listener.address.ip ||
                                     endpoint.address.ip.loopback());
            if (same_place) {
                error("E0204", path, service.origin,
                      to_string(endpoint.address) + " is the listener `" + listener.name + "` itself: requests would go in circles",
                      {"name the address of the application"});
            }
        }
    }

    void check_service(const Service& service) {
        const auto base = "services." + service.name;
        if (service.endpoints.empty() && no_sources() && !marks_.contains(base + ".incomplete")) {
            error("E0205", base, service.origin,
                  "the service `" + service.name + "` has no endpoints and there is no source to ask for them",
                  {"write `endpoints: 10.0.0.5:8080`, or add `discovery:`"});
        }
        std::set<std::string> seen;
        bool weighted = service.endpoints.empty();
        for (std::size_t at = 0; at < service.endpoints.size(); ++at) {
            const auto path = base + ".endpoints." + std::to_string(at);
            const auto& endpoint = service.endpoints[at];
            if (const auto* consul = std::get_if<ConsulRef>(&endpoint)) {
                check_source("consul", consul_, consul->source, path, service);
            } else if (const auto* docker = std::get_if<DockerRef>(&endpoint)) {
                check_source("docker", docker_, docker->source, path, service);
            } else if (const auto* fixed = std::get_if<StaticEndpoint>(&endpoint)) {
                check_static(*fixed, path, service);
            }
            const auto* fixed = std::get_if<StaticEndpoint>(&endpoint);
            weighted = weighted || fixed == nullptr || fixed->weight != 0;
            if (!seen.insert(fixed != nullptr ? to_string(fixed->address) : to_string(endpoint)).second) {
                warn("W0301", path, service.origin, "`" + to_string(endpoint) + "` stands twice in the service `" + service.name + "`",
                     {"it counts once: use weight=N to give it more"});
            }
        }
        if (!weighted) {
            warn("W0305", base, service.origin, "every endpoint of `" + service.name + "` has weight 0: it answers 503",
                 {"give one of them a weight"});
        }
    }

    void check_target(const Route& route, const std::string& path, const std::string& name) {
        if (name.empty() || service_names_.contains(name)) {
            return;
        }
        const auto meant = nearest(name, services_);
        if (no_sources()) {
            error("E0201", path, route.origin, "there is no service `" + printable(name) + "` and no source to ask for it",
                  {"add it under `services:`, or add `discovery:`"}, meant.empty() ? "" : "did you mean `" + meant + "`?");
        } else if (!meant.empty()) {
            warn("W0302", path, route.origin, "the service `" + name + "` is not under `services:` and is looked for in the sources",
                 {"did you mean `" + meant + "`?"});
        }
    }

    /// A route whose every host, path and method an earlier one takes is never reached.
    void routes() {
        std::map<std::string, std::pair<std::size_t, std::set<std::string>>> taken;
        for (std::size_t at = 0; at < config_.routes.size(); ++at) {
            const auto& route = config_.routes[at];
            const auto path = "routes." + std::to_string(at);
            if (const auto* target = std::get_if<ToService>(&route.action)) {
                check_target(route, path + ".service", target->service);
            }
            const std::vector<HostPattern> hosts = route.match.hosts.empty() ? std::vector<HostPattern>{{}} : route.match.hosts;
            const std::vector<PathPattern> paths = route.match.paths.empty() ? std::vector<PathPattern>{{}} : route.match.paths;
            const std::set<std::string> methods = route.match.methods.empty()
                                                      ? std::set<std::string>{""}
                                                      : std::set<std::string>(route.match.methods.begin(), route.match.methods.end());
            bool reached = false;
            std::size_t earlier = at;
            for (const auto& host : hosts) {
                for (const auto& pattern : paths) {
                    auto& [first, known] =
                        taken.try_emplace(to_string(host) + " " + to_string(pattern), at, std::set<std::string>{}).first->second;
                    for (const auto& method : methods) {
                        const bool is_new = known.insert(method).second;
                        reached = reached || is_new || first == at;
                        earlier = is_new ? earlier : std::min(earlier, first);
                    }
                }
            }
            if (!reached && !marks_.contains(path + ".incomplete")) {
                warn("W0303", path, route.origin, "this route is never reached",
                     {"the route in line " + std::to_string(config_.routes[earlier].origin.line) +
                      " matches the same requests and stands before it"});
            }
        }
    }

    const Config& config_;
    const Marks& marks_;
    Problems& problems_;
    std::vector<std::string_view> consul_{}, docker_{}, services_{};
    std::set<std::string_view> service_names_{};
    std::size_t errors_{0}, warnings_{0};
};

}  // namespace

void validate(const Config& config, const Marks& marks, Problems& problems) {
    Checks(config, marks, problems).run();
}

}  // namespace cardea::config
