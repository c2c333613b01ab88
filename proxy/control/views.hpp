#pragma once
// What operators look at: the control plane's knowledge as plain values, made on demand on the control thread.

#include "config/config.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cardea::control {

struct SourceView {
    std::string name{};  ///< `consul:dc1`, `docker:h2`, `file:/path`, `names`
    std::string kind{};  ///< `consul`, `docker`, `file`, `names`
    bool connected{false};
    bool synced{false};                            ///< has answered everything asked of it at least once
    std::optional<config::Duration> first_sync{};  ///< from its start to its first complete answer
    std::optional<config::Duration> age{};         ///< since its last sign of life; unset before the first
    std::string last_error{};
    std::string revision{};
    std::map<std::string, std::uint64_t> errors{};   ///< by kind
    std::map<std::string, std::uint64_t> skipped{};  ///< entries that could not be used, by reason
    std::vector<std::string> notes{};                ///< problems a person should mend
    std::size_t services{0}, endpoints{0};           ///< what it says at present
    std::string doubt{};                             ///< its own: why its answers may be out of date
    std::string freshness{};                         ///< waiting restored fresh held doubtful lost
    std::string stale{};                             ///< why it is not fresh
    std::size_t held{0}, restored{0};                ///< of its endpoints: kept on weak evidence, known from disk alone
};

struct ServiceView {
    std::string name{};
    std::size_t endpoints{0}, eligible{0};
    std::string balance{};  ///< the key's value, `round_robin`
    bool starting{false};   ///< 503 says so: sources have not answered, or nothing is admitted yet
    bool routed{false};     ///< at least one route leads to it
};

struct EndpointView {
    std::string service{}, id{};
    std::vector<std::string> addresses{};  ///< as dialled, the one in use first
    /// up restored unprobed refused lost failing frozen ejected flapping starting draining paused down
    std::string state{};
    std::string why{};         ///< empty when up at full weight
    config::WallTime since{};  ///< of `state`
    std::uint32_t weight{1};
    std::uint32_t in_flight{0};
    std::uint64_t requests{0}, failures{0};
    std::vector<std::string> witnesses{};  ///< `source instance`
    bool held{false};                      ///< kept on weak evidence
    bool restored{false};                  ///< known from the state on disk alone
    std::string dispute{};                 ///< where its witnesses differ: `consul:dc1: up, docker:h2: draining`
    bool drained{false};                   ///< by an operator's order
};

struct RouteView {
    std::string name{};
    std::string match{};   ///< `GET www.example.com/api/**`
    std::string action{};  ///< `service nginx`, `respond 200`, `redirect 301 https://{host}{path}`
    std::string from{};    ///< `cardea.yaml:12`, `label`, `only service`
};

struct ListenerView {
    std::string name{};
    std::string address{};  ///< with the real port
};

/// Gauges and counters of the control plane for /metrics. Counters only grow.
struct Numbers {
    std::uint64_t snapshot_version{0};  ///< latest posted
    std::size_t snapshots_alive{0};
    std::uint64_t snapshots_built{0};
    std::uint64_t convergence_us_last{0};                             ///< posted -> applied by every worker
    std::uint64_t propagation_us_sum{0}, propagation_count{0};        ///< source's answer -> snapshot posted
    std::uint64_t probes_good{0}, probes_bad{0}, probes_deferred{0};  ///< deferred: by their cap a second, or by our own lack
    std::uint64_t ejections{0}, admissions{0}, suspensions{0};
    std::uint64_t sightings{0}, sightings_dropped{0};
    std::size_t drained{0};                                                           ///< orders of operators that stand
    std::uint64_t receipts{0};                                                        ///< endpoints whose last request has ended
    std::uint64_t receipt_finished{0}, receipt_moved{0}, receipt_failed{0};           ///< requests that they had at their signal
    std::uint64_t answers_too_long{0}, services_too_large{0}, endpoints_too_many{0};  ///< of sources, not listened to
    std::uint64_t config_generation{0}, reloads_applied{0}, reloads_refused{0};
    bool last_reload_good{true};
};

}  // namespace cardea::control
