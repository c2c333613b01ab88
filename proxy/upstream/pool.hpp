#pragma once
// Idle connections to endpoints, the most recently used first: a worker's own, so taking and putting touch no lock and
// allocate nothing once warm. An idle connection stays registered with the poller, so its end is known before it is used.

#include "config/config.hpp"
#include "proxy/upstream/connection.hpp"

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

namespace cardea::upstream {

/// How long a connection may idle here: as configured, and safely less than what the origin promised or was seen to allow.
[[nodiscard]] config::Duration idle_limit(const config::Keepalive& policy, std::uint32_t origin_ms);

class Pool {
public:
    /// `idle_closed` is told when an origin ends an idle connection (a hint that it is going away), `reset` when it did so
    /// without order (a hint that it is gone).
    using IdleClosed = std::function<void(balance::EndpointState&, bool reset)>;
    Pool(net::Poller& poller, net::TimerWheel& wheel, observe::WorkerMetrics& metrics, IdleClosed idle_closed);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    /// An idle connection that is open by all the poller has said, or null. For a request that must not meet a stale one
    /// (`careful`: not idempotent) only one used within the last second, and looked at once more (one system call).
    [[nodiscard]] std::unique_ptr<Connection> take(balance::EndpointState& endpoint, bool careful, config::TimePoint now);
    /// A connection that is not connected yet.
    [[nodiscard]] std::unique_ptr<Connection> make(balance::EndpointState& endpoint);
    /// After a complete exchange on a connection that may be used again. Closes it instead when its endpoint takes no more
    /// requests or it is not silent; above the limit the one that idled longest makes room.
    void put(std::unique_ptr<Connection> connection, const config::Keepalive& policy, config::TimePoint now);
    /// Closes what wilted since the last sweep. Between batches, never while events are being told.
    void sweep(config::TimePoint now);
    /// Closes the idle connections of endpoints that take no more requests and forgets those endpoints: of a part of them at
    /// once, and of the rest with each drop_more(). Ten thousand endpoints lie all over the memory, and requests wait meanwhile.
    void drop_ineligible();
    [[nodiscard]] bool dropping() const { return dropping_; }
    void drop_more();
    void drop_all();
    [[nodiscard]] bool empty() const { return shelves_.empty(); }

private:
    friend class Connection;
    using Idle = std::vector<std::unique_ptr<Connection>>;  // last = most recently used
    /// Those of one endpoint, which lives as long as this does.
    struct Shelf {
        explicit Shelf(balance::EndpointState& endpoint) : of(endpoint) { of.pools.fetch_add(1, std::memory_order_relaxed); }
        ~Shelf() {
            idle.clear();
            of.pools.fetch_sub(1, std::memory_order_release);
        }
        Shelf(const Shelf&) = delete;
        Shelf& operator=(const Shelf&) = delete;
        balance::EndpointState& of;
        Idle idle{};
    };
    void remove(Connection& connection);
    void learn_idle_time(const Connection& connection, config::TimePoint now) const;

    net::Poller* poller_;
    net::TimerWheel* wheel_;
    observe::WorkerMetrics* metrics_;
    IdleClosed idle_closed_;
    std::unordered_map<balance::EndpointState*, Shelf> shelves_;
    bool dropping_{false}, drop_again_{false};
    std::size_t bucket_{0}, buckets_{0};  ///< the next to look at, of so many
    net::List<Connection> wilted_;
};

}  // namespace cardea::upstream
