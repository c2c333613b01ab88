#include "config/labels.hpp"

#include "config/patterns.hpp"
#include "config/problem.hpp"
#include "config/text.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace cardea::config {
namespace {

constexpr std::string_view own_prefix = "cardea.";
constexpr std::string_view registrator_prefix = "SERVICE_";
constexpr std::uint64_t max_weight = 65535;  // Consul's range, so that both sources can say the same
constexpr std::size_t max_route_labels = 64;
const std::vector<std::string_view> label_keys{"enable",  "service", "port", "weight", "drain",
                                               "network", "address", "host", "path",   "method"};

std::vector<std::string_view> comma_list(std::string_view text) {
    std::vector<std::string_view> items;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t comma = std::min(text.find(',', at), text.size());
        if (const auto item = trim(text.substr(at, comma - at)); !item.empty()) {
            items.push_back(item);
        }
        at = comma + 1;
    }
    return items;
}

/// `host` is the condition `host` of the route with no name, `api.host` that of the route `api`.
struct RouteKey {
    std::string_view name{}, condition{};
    explicit RouteKey(std::string_view key) : name(key.substr(0, std::min(key.rfind('.'), key.size()))), condition(key) {
        if (name.size() < key.size()) {
            condition.remove_prefix(name.size() + 1);
        } else {
            name = {};
        }
    }
    [[nodiscard]] bool known() const { return condition == "host" || condition == "path" || condition == "method"; }
};

/// Adds what one `host`, `path` or `method` label says to `match`.
Result<void> read_match(std::string_view key, std::string_view value, Match& match) {
    const auto items = comma_list(value);
    if (items.empty()) {
        return failure("is empty");
    }
    for (const auto item : items) {
        if (key == "host") {
            auto host = parse_host_pattern(item);
            if (!host) {
                return tl::unexpected(std::move(host.error()));
            }
            match.hosts.push_back(std::move(*host));
        } else if (key == "path") {
            auto path = parse_path_pattern(item);
            if (!path) {
                return tl::unexpected(std::move(path.error()));
            }
            match.paths.push_back(std::move(*path));
        } else if (!http_token(item)) {
            return failure("`" + printable(item) + "` is not a method");
        } else {
            match.methods.emplace_back(item);
        }
    }
    return {};
}

std::optional<std::uint32_t> read_weight(std::string_view text) {
    const auto number = parse_unsigned(text, max_weight);
    return number ? std::optional{static_cast<std::uint32_t>(*number)} : std::nullopt;
}

/// Reads the keys that describe the endpoint; false when `key` is none of them. `wrong` says what was expected.
bool read_endpoint_key(std::string_view key, std::string_view value, OwnLabels& own, std::string& wrong) {
    if (key == "enable") {
        own.enable = value == "true";
        wrong = value == "true" || value == "false" ? "" : "expected true or false; the container stays out";
    } else if (key == "service") {
        wrong = usable_service_name(value) ? "" : "expected a name of 1 to 128 characters";
        own.service = wrong.empty() ? value : "";
    } else if (key == "port") {
        const auto port = parse_unsigned(value, 65535);
        wrong = port && *port > 0 ? "" : "expected a port, 1 to 65535";
        own.port = wrong.empty() ? static_cast<std::uint16_t>(*port) : std::uint16_t{0};
    } else if (key == "weight") {
        own.weight = read_weight(value);
        wrong = own.weight ? "" : "expected a weight, 0 to 65535";
    } else if (key == "drain") {
        const auto drain = parse_duration(value);
        wrong = drain ? "" : "expected a duration such as 30s";
        own.drain = drain ? std::optional{*drain} : std::nullopt;
    } else if (key == "network") {
        wrong = value.empty() ? "expected the name of a network" : "";
        own.network = value;
    } else if (key == "address") {
        wrong = "";
        if (value == "auto") {
            own.address = DockerAddress::automatic;
        } else if (value == "published") {
            own.address = DockerAddress::published;
        } else if (value == "container") {
            own.address = DockerAddress::container;
        } else {
            wrong = "expected auto, published or container";
        }
    } else {
        return false;
    }
    return true;
}

/// Reads `host` or `NAME.host`; answers what is wrong with it, empty when nothing is.
std::string read_route_key(std::string_view key, std::string_view value, OwnLabels& own) {
    const RouteKey parts(key);
    if (!parts.known() || (!parts.name.empty() && !http_token(parts.name))) {
        const std::string meant = nearest(parts.condition, label_keys);
        return "is not a label Cardea knows" +
               (meant.empty() ? "; they are enable, service, port, weight, drain, network, address, host, path, method"
                              : "; did you mean `" + meant + "`?");
    }
    Match match;
    if (const auto read = read_match(parts.condition, value, match); !read) {
        return read.error().what + (read.error().hint.empty() ? "" : " (" + read.error().hint + ")");
    }
    if (own.routes.size() >= max_route_labels) {
        return "is one too many: a container may have 64 labels for routes";
    }
    own.routes.emplace(key, value);
    return {};
}

}  // namespace

OwnLabels own_labels(const Labels& labels) {
    OwnLabels own;
    std::set<std::string_view> unreadable;
    for (auto at = labels.lower_bound(std::string(own_prefix)); at != labels.end() && at->first.starts_with(own_prefix); ++at) {
        const std::string_view key = std::string_view(at->first).substr(own_prefix.size());
        std::string wrong;
        if (read_endpoint_key(key, at->second, own, wrong)) {
            if (!wrong.empty()) {
                wrong.insert(0, "`" + printable(at->second) + "`: ");
            }
        } else {
            wrong = read_route_key(key, at->second, own);
            if (!wrong.empty()) {
                unreadable.insert(RouteKey(key).name);
            }
        }
        if (!wrong.empty()) {
            own.problems.push_back({printable(at->first), std::move(wrong)});
        }
    }
    std::erase_if(own.routes, [&](const auto& route) { return unreadable.contains(RouteKey(route.first).name); });
    return own;
}

std::vector<std::string> split_tags(std::string_view text) {
    std::vector<std::string> tags;
    std::string tag;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        if (i == text.size() || text[i] == ',') {
            if (!tag.empty()) {
                tags.push_back(std::exchange(tag, {}));
            }
        } else if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == ',') {
            tag += text[++i];
        } else {
            tag += text[i];
        }
    }
    return tags;
}

RegistratorKeys registrator_keys(const std::vector<std::string>& environment, const Labels& labels, std::uint16_t port) {
    Labels general;
    Labels of_port;
    const auto take = [&](std::string_view key, std::string_view value) {
        if (!key.starts_with(registrator_prefix)) {
            return;
        }
        const std::string rest = ascii_lower(key.substr(registrator_prefix.size()));
        const std::size_t underscore = rest.find('_');
        const auto number = parse_unsigned(std::string_view(rest).substr(0, underscore), ~std::uint64_t{0} >> 1U);
        if (number && underscore != std::string::npos) {
            if (*number == port) {
                of_port[rest.substr(underscore + 1)] = value;
            }
        } else {
            general[rest] = value;
        }
    };
    for (const std::string& entry : environment) {
        const std::size_t equals = entry.find('=');
        if (equals != std::string::npos) {
            take(std::string_view(entry).substr(0, equals), std::string_view(entry).substr(equals + 1));
        }
    }
    for (const auto& [key, value] : labels) {
        take(key, value);
    }

    RegistratorKeys keys;
    keys.name_of_port = of_port.contains("name");
    keys.attributes = std::move(of_port);
    keys.attributes.merge(general);
    const auto pull = [&](const char* key) {
        auto node = keys.attributes.extract(key);
        return node.empty() ? std::string{} : std::move(node.mapped());
    };
    keys.name = pull("name");
    if (!keys.name.empty() && !usable_service_name(keys.name)) {
        keys.problems.push_back({"SERVICE_NAME", "`" + printable(keys.name) + "`: expected a name of 1 to 128 characters"});
        keys.name.clear();
    }
    keys.id = pull("id");
    keys.tags = split_tags(pull("tags"));
    const std::string ignore = pull("ignore");
    keys.ignore = !ignore.empty();
    if (ignore == "false" || ignore == "0" || ignore == "no") {
        keys.problems.push_back(
            {"SERVICE_IGNORE", "`" + ignore + "` ignores the port, as registrator does; remove it, or use cardea.enable"});
    }
    if (const auto weight = keys.attributes.find("weight"); weight != keys.attributes.end()) {
        keys.weight = read_weight(weight->second);
        if (!keys.weight) {
            keys.problems.push_back({"SERVICE_WEIGHT", "`" + printable(weight->second) + "`: expected a weight, 0 to 65535"});
        }
    }
    return keys;
}

std::string image_service_name(std::string_view image) {
    if (const std::size_t slash = image.rfind('/'); slash != std::string_view::npos) {
        image.remove_prefix(slash + 1);
    }
    const std::string_view base = image.substr(0, image.find('@'));
    const std::string_view name = base.substr(0, base.find(':'));
    const bool hex =
        name.size() >= 12 && std::all_of(name.begin(), name.end(), [](char c) { return ascii_digit(c) || (c >= 'a' && c <= 'f'); });
    return name == "sha256" || hex || !usable_service_name(name) ? std::string{} : std::string(name);
}

bool usable_service_name(std::string_view name) {
    return !name.empty() && name.size() <= 128 && valid_utf8(name) && trim(name).size() == name.size() &&
           std::none_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::vector<Route> label_routes(const std::string& service, const Labels& labels) {
    std::map<std::string_view, std::optional<Match>> matches;
    for (const auto& [key, value] : labels) {
        const RouteKey parts(key);
        if (!parts.known()) {
            continue;
        }
        auto& match = matches.try_emplace(parts.name, Match{}).first->second;
        if (match && !read_match(parts.condition, value, *match)) {
            match.reset();
        }
    }
    std::vector<Route> out;
    for (auto& [name, match] : matches) {
        if (match) {
            Route route;
            route.name = name.empty() ? service : service + "/" + std::string(name);
            route.match = std::move(*match);
            route.action = ToService{service};
            route.origin.file = "label";
            out.push_back(std::move(route));
        }
    }
    return out;
}

}  // namespace cardea::config
