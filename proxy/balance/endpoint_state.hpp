#pragma once
// Runtime state of one endpoint, one object for the whole process whatever the number of workers and snapshots.
// Keyed by identity and incarnation; survives every update and reload. Created and freed by the control thread;
// the hot counters share one cache line of their own.

#include "config/address.hpp"

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace cardea::balance {

/// Why no new request may go to an endpoint just now, set at once by whoever sees it (a worker too), cleared by control.
enum class Suspension : std::uint8_t {
    none,
    unprobed,      ///< discovered and not yet admitted by a probe
    refused,       ///< connect refused: evidence of absence, probed for re-admission
    lost,          ///< a burst of lost connections: the process behind them has died
    probe_failed,  ///< periodic check or suspicion probe failed
    frozen,        ///< requests wait, a probe on a fresh connection has no answer and a peer answers
    ejected,       ///< counted failures; comes back by time and one probe
    flapping,      ///< taken out by checks and probes too often: comes back when it has been calm
    registry,      ///< starting, draining, paused, down by the registry's word
    removed,       ///< no longer in any catalog
};

class alignas(64) EndpointState {
public:
    EndpointState(std::string identity, std::string service_name, std::vector<config::Address> places)
        : id(std::move(identity)), service(std::move(service_name)), addresses(std::move(places)) {}
    EndpointState(const EndpointState&) = delete;
    EndpointState& operator=(const EndpointState&) = delete;

    [[nodiscard]] bool eligible() const { return suspension.load(std::memory_order_relaxed) == Suspension::none; }

    // --- hot, relaxed atomics, any thread -------------------------------------------------------------
    std::atomic<std::uint32_t> in_flight{0};             ///< exchanges that picked it and have not ended; last drop is release
    std::atomic<std::uint32_t> consecutive_failures{0};  ///< since the last success; passive ejection
    std::atomic<Suspension> suspension{Suspension::none};
    std::atomic<bool> move_waiting{false};                ///< paused or vanished: idempotent requests waiting on it go elsewhere
    std::atomic<std::uint8_t> address_index{0};           ///< which of `addresses` was reachable last
    std::atomic<std::uint32_t> origin_idle_ms{0};         ///< shortest idle life seen of its connections, 0 = unknown
    std::atomic<std::uint64_t> requests{0}, failures{0};  ///< for status and metrics
    std::atomic<std::int64_t> last_byte_ms{0};            ///< when a byte of a response came last, of the steady clock's epoch
    std::atomic<std::int64_t> silence_told_ms{0};         ///< when a worker last told control that it is silent
    // Of requests that ended here while it got no new ones, for the receipt of its departure.
    std::atomic<std::uint32_t> ended_finished{0}, ended_moved{0}, ended_failed{0};
    std::atomic<std::uint32_t> pools{0};  ///< that know it: workers that have, or had, idle connections to it; last drop is release

    // --- cold, immutable after construction -----------------------------------------------------------
    alignas(64) const std::string id;
    const std::string service;
    const std::vector<config::Address> addresses;
};

}  // namespace cardea::balance
