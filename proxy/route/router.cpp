#include "proxy/route/router.hpp"

#include "config/text.hpp"
#include "proxy/route/normal_path.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <unordered_map>

namespace cardea::route {

namespace {

using config::HostPattern;
using config::PathPattern;

struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
template <typename T>
using TextMap = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

/// Null when there is none; asking an empty table costs no hash.
template <typename T>
const T* look_up(const TextMap<T>& map, std::string_view text) {
    if (map.empty()) {
        return nullptr;
    }
    const auto found = map.find(text);
    return found != map.end() ? &found->second : nullptr;
}

/// Routes of one host and path: those that name methods are asked before those that take any, else as written.
struct Candidates {
    std::vector<const RoutePolicy*> with_methods{}, any_method{};

    void add(const RoutePolicy& policy) { (policy.route.match.methods.empty() ? any_method : with_methods).push_back(&policy); }
    [[nodiscard]] const RoutePolicy* first_that_takes(std::string_view method) const {
        const auto takes = [method](const RoutePolicy* policy) {
            const auto& methods = policy->route.match.methods;
            return std::find(methods.begin(), methods.end(), method) != methods.end();
        };
        if (!with_methods.empty()) {
            if (const auto found = std::find_if(with_methods.begin(), with_methods.end(), takes); found != with_methods.end()) {
                return *found;
            }
        }
        return any_method.empty() ? nullptr : any_method.front();
    }
};

struct PathTable {
    TextMap<Candidates> exact{};
    TextMap<Candidates> prefix{};
    Candidates any{};
    std::size_t longest_prefix{0};  ///< nothing longer needs to be looked up, however long a request's path is

    Candidates& at(const PathPattern& pattern) {
        const NormalPath normal(pattern.text);
        std::string_view text = normal.text();
        if (pattern.kind == PathPattern::Kind::exact) {
            return exact[std::string(text)];
        }
        if (pattern.kind == PathPattern::Kind::prefix && text.ends_with('/')) {
            text.remove_suffix(1);
        }
        if (pattern.kind == PathPattern::Kind::any || text.empty()) {
            return any;
        }
        longest_prefix = std::max(longest_prefix, text.size());
        return prefix[std::string(text)];
    }

    /// Calls `visit` with the candidates for a normal path, most specific first, until it answers true.
    template <typename Visit>
    bool walk(std::string_view path, const Visit& visit) const {
        if (const auto* found = look_up(exact, path); found != nullptr && visit(*found)) {
            return true;
        }
        if (path.starts_with('/') && !prefix.empty()) {
            for (auto end = path.size(); end > 0; end = path.substr(0, end).rfind('/')) {
                if (end > longest_prefix) {
                    const auto next = path.rfind('/', longest_prefix);
                    if (next == std::string_view::npos || next == 0) {
                        break;
                    }
                    end = next;
                }
                if (const auto* found = look_up(prefix, path.substr(0, end)); found != nullptr && visit(*found)) {
                    return true;
                }
            }
        }
        return visit(any);
    }

    /// What may be asked of a normal path, as Allow lists it.
    [[nodiscard]] std::string methods_at(std::string_view path) const {
        std::set<std::string_view> methods;
        walk(path, [&methods](const Candidates& candidates) {
            for (const auto* policy : candidates.with_methods) {
                methods.insert(policy->route.match.methods.begin(), policy->route.match.methods.end());
            }
            return false;
        });
        std::string list;
        for (const auto method : methods) {
            list += (list.empty() ? "" : ", ") + std::string(method);
        }
        return list;
    }
};

/// A request's host as the tables have it: lower case, no final dot, an IPv6 address in its one spelling and in brackets.
/// Empty when it is longer than any name.
class HostKey {
public:
    explicit HostKey(std::string_view host) {
        if (host.ends_with('.')) {
            host.remove_suffix(1);
        }
        if (host.size() > room_.size()) {
            return;
        }
        if (host.find(':') != std::string_view::npos) {
            const bool bracketed = host.starts_with('[') && host.ends_with(']');
            const auto ip = config::parse_ip(bracketed ? host.substr(1, host.size() - 2) : host);
            address_ = ip && ip->v6 ? "[" + config::to_string(*ip) + "]" : "";
            text_ = address_;
            return;
        }
        std::transform(host.begin(), host.end(), room_.begin(), [](char c) { return config::ascii_lower(c); });
        text_ = {room_.data(), host.size()};
    }
    HostKey(const HostKey&) = delete;
    HostKey& operator=(const HostKey&) = delete;
    [[nodiscard]] std::string_view text() const { return text_; }

private:
    std::array<char, 256> room_;
    std::string address_;
    std::string_view text_;
};

}  // namespace

struct Router::Tables {
    std::vector<std::shared_ptr<const RoutePolicy>> routes;
    TextMap<PathTable> exact{};
    TextMap<PathTable> wildcard{};
    PathTable any{};

    PathTable& at(const HostPattern& pattern) {
        switch (pattern.kind) {
            case HostPattern::Kind::exact:
                return exact[pattern.text];
            case HostPattern::Kind::wildcard:
                return wildcard[pattern.text];
            case HostPattern::Kind::any:
                break;
        }
        return any;
    }

    void add(const RoutePolicy& policy) {
        const std::vector<HostPattern> any_host{HostPattern{}};
        const std::vector<PathPattern> any_path{PathPattern{}};
        const auto& match = policy.route.match;
        for (const auto& host : match.hosts.empty() ? any_host : match.hosts) {
            for (const auto& path : match.paths.empty() ? any_path : match.paths) {
                at(host).at(path).add(policy);
            }
        }
    }

    /// Calls `visit` with what there is for a host, most specific first, until it answers true.
    template <typename Visit>
    void walk_hosts(std::string_view host, const Visit& visit) const {
        if (const auto* found = look_up(exact, host); found != nullptr && visit(*found)) {
            return;
        }
        for (auto dot = host.find('.'); dot != std::string_view::npos && !wildcard.empty(); dot = host.find('.', dot + 1)) {
            const auto* found = look_up(wildcard, host.substr(dot + 1));
            if (dot > 0 && found != nullptr && visit(*found)) {
                return;
            }
        }
        visit(any);
    }
    [[nodiscard]] bool hosts_matter() const { return !exact.empty() || !wildcard.empty(); }
};

Router::Router(std::vector<std::shared_ptr<const RoutePolicy>> routes) {
    auto tables = std::make_unique<Tables>();
    tables->routes = std::move(routes);
    for (const auto& policy : tables->routes) {
        tables->add(*policy);
    }
    tables_ = std::move(tables);
}

Router::~Router() = default;

Found Router::find(std::string_view host, std::string_view path, std::string_view method) const {
    const HostKey key(tables_->hosts_matter() ? host : std::string_view{});
    const NormalPath normal(path);
    Found found;
    const PathTable* refusing = nullptr;
    tables_->walk_hosts(key.text(), [&](const PathTable& paths) {
        bool path_is_known = false;
        paths.walk(normal.text(), [&](const Candidates& candidates) {
            found.policy = candidates.first_that_takes(method);
            path_is_known = path_is_known || !candidates.with_methods.empty();
            return found.policy != nullptr;
        });
        if (found.policy == nullptr && path_is_known) {
            refusing = &paths;
        }
        return found.policy != nullptr || path_is_known;
    });
    if (refusing != nullptr) {
        found.allow = refusing->methods_at(normal.text());
    }
    return found;
}

const std::vector<std::shared_ptr<const RoutePolicy>>& Router::routes() const {
    return tables_->routes;
}

}  // namespace cardea::route
