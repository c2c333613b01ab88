#pragma once
// What the Docker Engine API says of containers, reduced to what discovery needs: of environment and labels only the
// keys that speak to us are kept, so that no secret of a container stays in memory. Pure, any thread.

#include "config/address.hpp"
#include "config/labels.hpp"
#include "config/units.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::docker {

enum class Health : std::uint8_t { none, starting, healthy, unhealthy };
Health parse_health(std::string_view text);  ///< `starting`, `healthy`, `unhealthy`; anything else is none

struct Binding {
    config::IpAddress ip{};  ///< unspecified: every address of the host, of that family
    std::uint16_t port{0};
};

struct Port {
    std::uint16_t number{0};
    bool tcp{true};  ///< else udp or sctp
    std::vector<Binding> bindings{};
};

struct Network {
    std::string name{};
    std::vector<config::IpAddress> addresses{};  ///< of the container, IPv4 first
};

struct Container {
    std::string id{}, name{}, image{};
    bool running{false};  ///< has a process that may answer
    bool paused{false};
    Health health{Health::none};
    std::string started_at{};                ///< as sent; another value is another process
    std::int64_t started_nano{0};            ///< the same, comparable with the time of events
    std::string network_mode{};              ///< `default`, `host`, `none`, `container:<id>`, a network's name
    std::vector<std::string> environment{};  ///< SERVICE_* only
    config::Labels labels{};                 ///< `cardea.*`, SERVICE_* and the name of a Compose service only
    bool hides_signal{false};                ///< has a label `signal`, which overwrites that of its events
    int stop_signal{15};
    config::Duration stop_timeout{10'000};
    std::vector<Port> ports{};        ///< exposed or published, by number, tcp before udp
    std::vector<Network> networks{};  ///< by name
};

/// The answer to GET /containers/{id}/json.
config::Result<Container> parse_container(std::string_view json);

/// One entry of GET /containers/json.
struct Listed {
    std::string id{};
    std::string shape{};  ///< changes when state, health, name, ports or addresses do
};
config::Result<std::vector<Listed>> parse_list(std::string_view json);

/// Since 1970. 0 when the text is no RFC 3339 time in UTC, and for Go's zero time.
std::int64_t parse_time_nano(std::string_view rfc3339);

/// `SIGQUIT`, `QUIT`, `3`; 0 when unknown.
int parse_signal(std::string_view text);

/// The label that docker compose gives: what a person calls the service.
inline constexpr const char* compose_service_label = "com.docker.compose.service";

}  // namespace cardea::docker
