#pragma once
// The body of `GET /v1/health/service/NAME` as facts (https://developer.hashicorp.com/consul/api-docs/health). Consul stores
// almost anything as an address or a port, so what cannot be used is left out and counted, and the rest is served.
// Pure functions, any thread. An entry of 1 kB takes a few microseconds.

#include "config/result.hpp"
#include "discovery/endpoint.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::consul {

struct EntryRules {
    std::string source{};          ///< of the facts' keys
    bool allow_warning{true};      ///< serve what is in warning, at Weights.Warning; else it counts as down
    bool other_datacenter{false};  ///< the query names a datacenter: it becomes part of the key
    bool local_source{false};
};

struct HealthAnswer {
    std::vector<discovery::Fact> facts{};            ///< sorted by key
    std::map<std::string, std::uint64_t> skipped{};  ///< entries left out, by reason
    std::set<std::string> nodes{};                   ///< of the entries; some of them when they are many
};

/// Fails when the body is not a JSON array.
config::Result<HealthAnswer> parse_health(std::string_view body, const EntryRules& rules);

/// The names in the body of `GET /v1/catalog/services`, sorted. Fails when it is not a JSON object.
config::Result<std::vector<std::string>> parse_catalog_services(std::string_view body);

/// registrator's own form of a service ID, `<host>:<container>:<port>[:udp]`: the ID itself when it has it, else empty.
std::string registrator_id(std::string_view service_id);

}  // namespace cardea::consul
