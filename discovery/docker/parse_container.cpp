#include "discovery/docker/parse_container.hpp"

#include "config/json.hpp"
#include "config/text.hpp"
#include "discovery/bounds.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace cardea::docker {
namespace {

using config::json::Value;

/// `80/tcp`; a port without a protocol is tcp.
std::optional<Port> port_of(std::string_view text) {
    const std::size_t slash = std::min(text.find('/'), text.size());
    const auto number = config::parse_unsigned(text.substr(0, slash), 65535);
    if (!number || *number == 0) {
        return std::nullopt;
    }
    return Port{static_cast<std::uint16_t>(*number), slash == text.size() || text.substr(slash) == "/tcp", {}};
}

std::optional<Binding> binding_of(Value entry) {
    const auto port = config::parse_unsigned(entry["HostPort"].string_or(""), 65535);
    const auto host = entry["HostIp"].string_or("");
    const auto ip = host.empty() ? config::Result<config::IpAddress>{config::IpAddress{}} : config::parse_ip(host);
    if (!port || *port == 0 || !ip) {
        return std::nullopt;
    }
    return Binding{*ip, static_cast<std::uint16_t>(*port)};
}

std::vector<Port> ports_of(Value root) {
    std::vector<Port> ports;
    const auto add = [&](std::string_view text) -> Port* {
        const auto port = port_of(text);
        if (!port) {
            return nullptr;
        }
        for (auto& known : ports) {
            if (known.number == port->number && known.tcp == port->tcp) {
                return &known;
            }
        }
        return &ports.emplace_back(*port);
    };
    for (const auto [key, ignored] : root["Config"]["ExposedPorts"].members()) {
        add(key);
    }
    for (const auto [key, bindings] : root["NetworkSettings"]["Ports"].members()) {
        Port* port = add(key);
        if (port == nullptr) {
            continue;
        }
        for (const Value entry : bindings.elements()) {
            if (const auto binding = binding_of(entry)) {
                port->bindings.push_back(*binding);
            }
        }
    }
    std::sort(ports.begin(), ports.end(),
              [](const Port& a, const Port& b) { return std::pair(a.number, !a.tcp) < std::pair(b.number, !b.tcp); });
    return ports;
}

std::vector<Network> networks_of(Value root) {
    std::vector<Network> networks;
    for (const auto [name, settings] : root["NetworkSettings"]["Networks"].members()) {
        Network network{std::string(name), {}};
        for (const char* key : {"IPAddress", "GlobalIPv6Address"}) {
            if (const auto ip = config::parse_ip(settings[key].string_or("")); ip && !ip->unspecified()) {
                network.addresses.push_back(*ip);
            }
        }
        networks.push_back(std::move(network));
    }
    std::sort(networks.begin(), networks.end(), [](const Network& a, const Network& b) { return a.name < b.name; });
    return networks;
}

bool speaks_to_us(std::string_view key) {
    return key.starts_with("cardea.") || key.starts_with("SERVICE_") || key == compose_service_label;
}

}  // namespace

Health parse_health(std::string_view text) {
    return text == "starting"    ? Health::starting
           : text == "healthy"   ? Health::healthy
           : text == "unhealthy" ? Health::unhealthy
                                 : Health::none;
}

config::Result<Container> parse_container(std::string_view json) {
    const auto document = config::json::parse(json, {.max_bytes = std::size_t{8} << 20U, .max_depth = 64});
    if (!document) {
        return tl::unexpected(document.error());
    }
    const Value root = document->root();
    const Value state = root["State"];
    const Value config = root["Config"];
    Container out;
    out.id = root["Id"].string_or("");
    if (out.id.empty()) {
        return config::failure("a container without Id");
    }
    const auto name = root["Name"].string_or("");
    out.name = name.substr(name.starts_with('/') ? 1 : 0);
    out.image = config["Image"].string_or("");
    const auto status = state["Status"].string_or("");
    out.running = state["Running"].as_bool().value_or(status == "running" || status == "paused") &&
                  !state["Restarting"].as_bool().value_or(false) && !state["Dead"].as_bool().value_or(false);
    out.paused = state["Paused"].as_bool().value_or(status == "paused");
    out.health = parse_health(state["Health"]["Status"].string_or(""));
    out.started_at = state["StartedAt"].string_or("");
    out.started_nano = parse_time_nano(out.started_at);
    out.network_mode = root["HostConfig"]["NetworkMode"].string_or("");
    for (const Value entry : config["Env"].elements()) {
        if (const auto text = entry.string_or(""); text.starts_with("SERVICE_")) {
            out.environment.emplace_back(text);
        }
    }
    for (const auto [key, value] : config["Labels"].members()) {
        if (speaks_to_us(key)) {
            out.labels.emplace(key, value.string_or(""));
        }
        out.hides_signal = out.hides_signal || key == "signal";
    }
    if (const int signal = parse_signal(config["StopSignal"].string_or("")); signal != 0) {
        out.stop_signal = signal;
    }
    if (const auto seconds = config["StopTimeout"].as_int64(); seconds && *seconds >= 0 && *seconds <= 86'400) {
        out.stop_timeout = std::chrono::seconds(*seconds);
    }
    out.ports = ports_of(root);
    out.networks = networks_of(root);
    return out;
}

config::Result<std::vector<Listed>> parse_list(std::string_view json) {
    const auto document = config::json::parse(json, {.max_bytes = discovery::answer_bytes_max, .max_depth = discovery::answer_depth_max});
    if (!document) {
        return tl::unexpected(document.error());
    }
    if (document->root().type() != config::json::Type::array) {
        return config::failure("the list of containers is not a JSON array");
    }
    std::vector<Listed> out;
    for (const Value entry : document->root().elements()) {
        const auto id = entry["Id"].string_or("");
        if (id.empty()) {
            continue;
        }
        std::vector<std::string> parts;
        for (const Value name : entry["Names"].elements()) {
            parts.emplace_back(name.string_or(""));
        }
        for (const Value port : entry["Ports"].elements()) {
            parts.push_back(std::string(port["IP"].string_or("")) + ">" + std::to_string(port["PublicPort"].as_uint64().value_or(0)) + ">" +
                            std::to_string(port["PrivatePort"].as_uint64().value_or(0)) + std::string(port["Type"].string_or("")));
        }
        for (const auto [name, network] : entry["NetworkSettings"]["Networks"].members()) {
            parts.push_back(std::string(name) + "=" + std::string(network["IPAddress"].string_or("")) + "=" +
                            std::string(network["GlobalIPv6Address"].string_or("")));
        }
        std::sort(parts.begin(), parts.end());              // Go maps have no order
        const auto status = entry["Status"].string_or("");  // `Up 3 seconds (health: starting)`: only the bracket is not time
        const std::size_t open = std::min(status.find('('), status.size());
        std::string shape = std::string(entry["State"].string_or("")) + std::string(status.substr(open, status.find(')', open) - open));
        for (const auto& part : parts) {
            shape += '|' + part;
        }
        out.push_back({std::string(id), std::move(shape)});
    }
    return out;
}

std::int64_t parse_time_nano(std::string_view text) {
    // 2026-11-22T19:49:52.34949628Z
    constexpr std::string_view form = "dddd-dd-ddTdd:dd:dd";
    if (text.size() < form.size() + 1 || text.back() != 'Z') {
        return 0;
    }
    for (std::size_t i = 0; i < form.size(); ++i) {
        if (form[i] == 'd' ? !config::ascii_digit(text[i]) : text[i] != form[i]) {
            return 0;
        }
    }
    const auto number = [&](std::size_t at, std::size_t length) {
        int value = 0;
        for (const char c : text.substr(at, length)) {
            value = value * 10 + (c - '0');
        }
        return value;
    };
    const std::chrono::year_month_day day{std::chrono::year(number(0, 4)), std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                          std::chrono::day(static_cast<unsigned>(number(8, 2)))};
    if (!day.ok() || number(0, 4) < 1970 || number(0, 4) > 2200) {
        return 0;
    }
    const auto seconds = std::chrono::sys_days(day).time_since_epoch() + std::chrono::hours(number(11, 2)) +
                         std::chrono::minutes(number(14, 2)) + std::chrono::seconds(number(17, 2));
    std::int64_t nano = 0;
    std::int64_t unit = 100'000'000;
    for (std::size_t i = form.size() + 1; text[form.size()] == '.' && i < text.size() && config::ascii_digit(text[i]); ++i, unit /= 10) {
        nano += unit * (text[i] - '0');
    }
    return std::chrono::duration_cast<std::chrono::nanoseconds>(seconds).count() + nano;
}

int parse_signal(std::string_view text) {
    if (const auto number = config::parse_unsigned(text, 64)) {
        return static_cast<int>(*number);
    }
    constexpr std::array<std::pair<std::string_view, int>, 10> names{{{"HUP", 1},
                                                                      {"INT", 2},
                                                                      {"QUIT", 3},
                                                                      {"ABRT", 6},
                                                                      {"KILL", 9},
                                                                      {"USR1", 10},
                                                                      {"USR2", 12},
                                                                      {"ALRM", 14},
                                                                      {"TERM", 15},
                                                                      {"WINCH", 28}}};
    const std::string_view bare = text.substr(text.starts_with("SIG") ? 3 : 0);
    for (const auto& [name, number] : names) {
        if (name == bare) {
            return number;
        }
    }
    // Real-time signals as systemd images use them: SIGRTMIN+3 is 37 on Linux.
    if (bare.starts_with("RTMIN+")) {
        const auto offset = config::parse_unsigned(bare.substr(6), 30);
        return offset ? 34 + static_cast<int>(*offset) : 0;
    }
    return 0;
}

}  // namespace cardea::docker
