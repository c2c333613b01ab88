#include "discovery/consul/parse_health.hpp"

#include "config/json.hpp"
#include "config/text.hpp"
#include "discovery/bounds.hpp"
#include "discovery/facts.hpp"

#include <algorithm>
#include <utility>

namespace cardea::consul {

namespace {

constexpr std::size_t nodes_max = 64;  // what rights_question() asks about
constexpr config::json::Limits body_limits{.max_bytes = discovery::answer_bytes_max, .max_depth = discovery::answer_depth_max};
constexpr std::uint64_t weight_max = 65535;  // Consul refuses more at registration

enum class Health : std::uint8_t { passing, warning, critical, maintenance };

struct Verdict {
    Health health{Health::passing};
    std::string why{};
};

Health health_of(config::json::Value check) {
    const std::string_view id = check["CheckID"].string_or("");
    if (id == "_node_maintenance" || id.starts_with("_service_maintenance:")) {
        return Health::maintenance;
    }
    const std::string_view status = check["Status"].string_or("");
    if (status == "passing") {
        return Health::passing;
    }
    return status == "warning" ? Health::warning : Health::critical;
}

/// The worst check decides; the text names it. Its Output stays out: it changes all the time and means nothing to routing.
Verdict worst_of(config::json::Value checks) {
    Verdict worst;
    for (const config::json::Value check : checks.elements()) {
        const Health health = health_of(check);
        if (health <= worst.health) {
            continue;
        }
        worst.health = health;
        if (health == Health::maintenance) {
            worst.why = "maintenance: " + config::printable(check["Notes"].string_or("no reason given"));
        } else {
            const std::string name = config::printable(check["Name"].string_or(check["CheckID"].string_or("unnamed")));
            worst.why = "check '" + name + "' is " + (health == Health::warning ? "warning" : "critical");
        }
    }
    return worst;
}

std::uint32_t weight_from(config::json::Value number) {
    const auto weight = number.as_uint64();
    return weight && *weight <= weight_max ? static_cast<std::uint32_t>(*weight) : 1;
}

/// Meta `weight` is what registrator makes of SERVICE_WEIGHT; it cannot write Consul's own Weights.
std::uint32_t passing_weight(config::json::Value service) {
    if (const auto text = service["Meta"]["weight"].as_string()) {
        if (const auto weight = config::parse_unsigned(*text, weight_max)) {
            return static_cast<std::uint32_t>(*weight);
        }
    }
    return weight_from(service["Weights"]["Passing"]);
}

void apply_verdict(Verdict verdict, config::json::Value service, const EntryRules& rules, discovery::Fact& fact) {
    using discovery::Status;
    fact.weight = passing_weight(service);
    fact.why = std::move(verdict.why);
    switch (verdict.health) {
        case Health::passing:
            break;
        case Health::warning:
            fact.status = rules.allow_warning ? Status::up : Status::down;
            fact.weight = weight_from(service["Weights"]["Warning"]);
            break;
        case Health::critical:
            fact.status = Status::down;
            break;
        case Health::maintenance:
            fact.status = Status::draining;
            break;
    }
}

/// Tags `cardea.host=www.example.com`, or service meta `cardea-host`: a dot is not allowed in a meta key.
void collect_labels(config::json::Value service, discovery::Fact& fact) {
    constexpr std::string_view tag_prefix = "cardea.", meta_prefix = "cardea-";
    for (const auto [key, value] : service["Meta"].members()) {
        if (const auto text = value.as_string(); text && key.starts_with(meta_prefix)) {
            std::string name{key.substr(meta_prefix.size())};
            std::replace(name.begin(), name.end(), '-', '.');
            fact.labels[name] = *text;
        }
    }
    for (const config::json::Value item : service["Tags"].elements()) {
        const auto tag = item.as_string();
        if (!tag) {
            continue;
        }
        fact.tags.emplace_back(*tag);
        const std::size_t equals = tag->find('=');
        if (tag->starts_with(tag_prefix) && equals != std::string_view::npos) {
            fact.labels[std::string{tag->substr(tag_prefix.size(), equals - tag_prefix.size())}] = tag->substr(equals + 1);
        }
    }
    std::sort(fact.tags.begin(), fact.tags.end());
}

/// A fact, or the reason why the entry is of no use.
tl::expected<discovery::Fact, std::string> read_entry(config::json::Value entry, const EntryRules& rules) {
    const config::json::Value node = entry["Node"], service = entry["Service"];
    const auto node_name = node["Node"].as_string(), id = service["ID"].as_string(), name = service["Service"].as_string();
    if (!node_name || !id || !name) {
        return tl::unexpected{std::string{"entry without node or service"}};
    }
    std::string_view host = service["Address"].string_or("");
    if (host.empty()) {
        host = node["Address"].string_or("");
    }
    const auto port = service["Port"].as_int64();
    if (!port || *port < 1 || *port > 65535) {
        return tl::unexpected{std::string{"port out of range"}};
    }
    auto address = config::make_address(host, static_cast<std::uint64_t>(*port));
    if (!address) {
        return tl::unexpected{std::string{"unusable address"}};
    }
    if (address->kind == config::Address::Kind::ip && address->ip.unspecified()) {
        return tl::unexpected{std::string{"unspecified address"}};
    }
    discovery::Fact fact;
    fact.key = {rules.source, std::string{*node_name} + "|" + std::string{*id}};
    if (rules.other_datacenter) {
        fact.key.instance = std::string{node["Datacenter"].string_or("")} + "/" + fact.key.instance;
    }
    fact.service = *name;
    fact.incarnation = config::to_string(*address);
    fact.addresses = {std::move(*address)};
    fact.registrator_id = registrator_id(*id);
    fact.local_source = rules.local_source;
    collect_labels(service, fact);
    apply_verdict(worst_of(entry["Checks"]), service, rules, fact);
    return fact;
}

}  // namespace

config::Result<HealthAnswer> parse_health(std::string_view body, const EntryRules& rules) {
    const auto document = config::json::parse(body, body_limits);
    if (!document) {
        return tl::unexpected{document.error()};
    }
    if (document->root().type() != config::json::Type::array) {
        return config::failure("the answer is no JSON array");
    }
    HealthAnswer answer;
    for (const config::json::Value entry : document->root().elements()) {
        auto fact = read_entry(entry, rules);
        if (fact) {
            if (answer.nodes.size() < nodes_max) {
                answer.nodes.emplace(entry["Node"]["Node"].string_or(""));
            }
            answer.facts.push_back(std::move(*fact));
        } else {
            ++answer.skipped[fact.error()];
        }
    }
    if (const std::size_t twice = discovery::sort_by_key(answer.facts); twice > 0) {
        answer.skipped["same instance twice"] = twice;
    }
    return answer;
}

config::Result<std::vector<std::string>> parse_catalog_services(std::string_view body) {
    const auto document = config::json::parse(body, body_limits);
    if (!document) {
        return tl::unexpected{document.error()};
    }
    if (document->root().type() != config::json::Type::object) {
        return config::failure("the answer is no JSON object");
    }
    std::vector<std::string> names;
    for (const auto [name, tags] : document->root().members()) {
        names.emplace_back(name);
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

std::string registrator_id(std::string_view service_id) {
    // ^(.+?):([a-zA-Z0-9][a-zA-Z0-9_.-]+):[0-9]+(?::udp)?$, read from the right
    constexpr std::string_view udp = ":udp";
    std::string_view rest = service_id;
    if (rest.ends_with(udp)) {
        rest.remove_suffix(udp.size());
    }
    const std::size_t before_port = rest.rfind(':');
    if (before_port == std::string_view::npos || before_port == 0) {
        return {};
    }
    const std::string_view port = rest.substr(before_port + 1);
    const std::size_t before_name = rest.rfind(':', before_port - 1);
    if (before_name == std::string_view::npos || before_name == 0) {
        return {};
    }
    const std::string_view name = rest.substr(before_name + 1, before_port - before_name - 1);
    const auto name_character = [](char c) { return config::ascii_digit(c) || config::ascii_alpha(c) || c == '_' || c == '.' || c == '-'; };
    const bool port_good = !port.empty() && std::all_of(port.begin(), port.end(), config::ascii_digit);
    const bool name_good = name.size() >= 2 && (config::ascii_digit(name[0]) || config::ascii_alpha(name[0])) &&
                           std::all_of(name.begin(), name.end(), name_character);
    return port_good && name_good ? std::string{service_id} : std::string{};
}

}  // namespace cardea::consul
