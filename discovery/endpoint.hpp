#pragma once
// What registries say about instances (facts) and what the merge makes of it (endpoints). Plain values, any thread.

#include "config/address.hpp"
#include "config/units.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::discovery {

/// What the registries allow to be done with an endpoint. Health of our own (probes, ejection) is not in here.
enum class Status : std::uint8_t {
    up,        ///< may serve
    starting,  ///< known, not ready by its own word (HEALTHCHECK starting): not served
    draining,  ///< leaving: no new request, those in flight finish
    paused,    ///< frozen on purpose: no new request, idempotent ones waiting on it move
    down,      ///< failing by its own word (critical, unhealthy): no new request
};

/// `up`, `starting`, `draining`, `paused`, `down`
std::string_view to_string(Status status);

/// Who says so: one instance as one source names it.
struct EndpointKey {
    std::string source;    ///< `consul:dc1`, `docker:h2`, `static`, `file:/path`
    std::string instance;  ///< `node|service-id`, `<short container id>:80/tcp`, the address itself
    friend auto operator<=>(const EndpointKey&, const EndpointKey&) = default;
};

/// One instance as one source sees it now.
struct Fact {
    EndpointKey key{};
    std::string service{};                     ///< the name the registry knows
    std::vector<config::Address> addresses{};  ///< the same socket from here, best first; never empty
    std::uint32_t weight{1};                   ///< 0 = known, gets no traffic
    Status status{Status::up};
    std::string why{};             ///< cause of any status but up, in words
    std::string incarnation{};     ///< another value under the same key is another process
    std::string registrator_id{};  ///< `<host>:<container>:<port>` when it is known: one identity across sources
    std::vector<std::string> tags{};
    std::map<std::string, std::string> labels{};  ///< `cardea.*` of this port, prefix removed
    std::optional<config::Duration> drain{};      ///< the registry's own grace (StopTimeout)
    bool local_source{false};                     ///< source reached over loopback or a unix socket: may name loopback addresses
    bool resolved{false};                         ///< its address was found by resolving a host name
    bool held{false};                             ///< kept by the guard although the last answer lacked it; stays while probes succeed
    bool restored{false};                         ///< from the state on disk; its source has not named it in this run
    friend bool operator==(const Fact&, const Fact&) = default;
};

/// One endpoint after the merge: one identity however many sources witness it.
struct Endpoint {
    std::string id{};                          ///< stable through updates for as long as any witness stays
    std::vector<EndpointKey> witnesses{};      ///< sorted
    std::vector<config::Address> addresses{};  ///< ip or unix_path only, dialled at the first that is reachable; empty only when down
    std::uint32_t weight{1};
    Status status{Status::up};
    std::string why{};
    std::string incarnation{};
    std::map<std::string, std::string> labels{};
    std::optional<config::Duration> drain{};
    std::string dispute{};   ///< what each live witness says, when their words differ: `consul:dc1: up, docker:h2: draining`
    bool discovered{false};  ///< from a registry or a resolved name: admitted by its first good probe
    bool held{false};        ///< every witness is held: it leaves when its probe fails
    bool restored{false};    ///< known from the state on disk alone: probed first of all, the last resort until it answers
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

}  // namespace cardea::discovery
