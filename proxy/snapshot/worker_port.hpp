#pragma once
// The two doors between the control plane and the data plane. Control posts values into a worker's mailbox (eventfd);
// a worker tells control what it saw. Nothing else crosses.

#include "config/config.hpp"
#include "proxy/balance/endpoint_state.hpp"
#include "proxy/snapshot/snapshot.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace cardea::snapshot {

/// A listening socket, as the workers that wait on it know it.
struct Door {
    std::uint64_t id{0};                                 ///< of the socket, for the life of the process
    std::shared_ptr<const config::Listener> listener{};  ///< its settings; those of a snapshot that knows the name go first
    bool shared{false};                                  ///< others wait on it too: the kernel wakes one of them for a client
};

/// Implemented by proxy/worker; called from the control thread, never blocks.
class WorkerPort {
public:
    virtual ~WorkerPort() = default;
    /// The worker serves from this snapshot from its next batch on and acknowledges (applied_version), while it begins to close
    /// idle pooled connections of endpoints that are gone or not eligible. One that it was given before and has not taken yet
    /// is replaced: it will never read that. True when it had taken the one before (or there was none), and so reads nothing
    /// older than that. The pointer stays valid until it is replaced or a later one was taken.
    [[nodiscard]] virtual bool apply(const Snapshot* snapshot) = 0;
    [[nodiscard]] virtual std::uint64_t applied_version() const = 0;  ///< acquire load
    /// Waits on a listening socket from now on; the descriptor is this worker's own duplicate. For a door it has already, the
    /// settings are replaced and a descriptor is closed (or -1).
    virtual void listen(Door door, int descriptor) = 0;
    /// Waits no longer, takes everybody who is in the queue, then closes its duplicate. Nobody's wake-up is lost to those who
    /// go on waiting on the same socket.
    virtual void leave(std::uint64_t door) = 0;
    /// Looks again at requests waiting on endpoints whose `move_waiting` is set.
    virtual void move_waiting() = 0;
    /// Aborts what is still in flight on these endpoints: their drain time is over or their address has a new owner.
    virtual void abort_endpoints(std::vector<std::shared_ptr<balance::EndpointState>> endpoints) = 0;
    /// Leaves every door and says Connection: close from now on. Clients that ask nothing may stay until `idle_until`, so that
    /// they are told by an answer rather than by a close that crosses their next request. Ends with the last connection or
    /// at `deadline`.
    virtual void drain(config::TimePoint deadline, config::TimePoint idle_until) = 0;
};

enum class Sighting : std::uint8_t {
    connect_refused,  ///< evidence of absence; the worker has suspended the endpoint already
    connect_failed,   ///< timeout, unreachable
    reset,            ///< lost on a fresh connection, or after the first answer byte
    lost_in_use,      ///< a kept connection was closed or reset under a request, before the first answer byte: no blame,
                      ///< but many of these and of `reset` at once are the death of the process behind them
    idle_reset,       ///< an idle pooled connection was reset: counts towards such a burst, no blame
    idle_closed,      ///< an idle pooled connection was closed by the origin in an orderly way: probe, no blame
    silent,           ///< its oldest request waits longer than FirstByteTimes::patience() of its service and no byte came
                      ///< from the endpoint meanwhile: probe, no blame; said again every 100 ms or so while it lasts
    stalled,          ///< a response that had begun brought no byte for timeouts.idle
    first_byte_timeout,
    bad_status,  ///< one of passive.statuses
    malformed,
};

/// Implemented by proxy/control; called from workers, never blocks, may drop when flooded (counted).
class ControlPort {
public:
    virtual ~ControlPort() = default;
    /// Only for trouble: the good path tells nothing. `endpoint` is alive while the
    /// caller counts in its in_flight or holds a pooled connection to it.
    virtual void saw(balance::EndpointState* endpoint, Sighting sighting) = 0;
};

}  // namespace cardea::snapshot
