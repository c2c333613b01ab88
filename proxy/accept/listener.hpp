#pragma once
// A listening socket of one worker. Accepts as long as clients are there, and pauses, instead of spinning, when the process
// is out of descriptors or at its limit of connections. One worker.

#include "config/config.hpp"
#include "proxy/net/descriptor.hpp"
#include "proxy/net/poller.hpp"
#include "proxy/net/socket_address.hpp"
#include "proxy/net/timer_wheel.hpp"
#include "proxy/net/waker.hpp"
#include "proxy/observe/metrics.hpp"
#include "proxy/snapshot/worker_port.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace cardea::accept {

class Listener final : public net::Watcher, public net::Wakeable {
public:
    /// What accepting needs to know of the rest of the worker.
    struct Door {
        std::function<std::optional<observe::Limit>()> full{};  ///< the limit that nobody may come in for: asked before each accept
        std::function<void(const Listener&, net::Descriptor, const net::SocketAddress&)> accepted{};
        std::function<void()> exhausted{};  ///< no descriptor is left: give back what can be spared
    };
    Listener(net::Poller& poller, net::TimerWheel& wheel, observe::WorkerMetrics& metrics, snapshot::Door as, net::Descriptor socket,
             const Door& door);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    [[nodiscard]] std::uint64_t id() const { return as_.id; }
    /// What its clients are held to, as last heard of: also after the listener has left the configuration.
    [[nodiscard]] const std::shared_ptr<const config::Listener>& settings() const { return as_.listener; }
    void set_settings(std::shared_ptr<const config::Listener> settings) { as_.listener = std::move(settings); }
    /// Accepts what is there, at most `turn` clients; called between batches for listeners that were told of clients.
    void accept(config::TimePoint now);
    /// Waits no longer, then takes everybody who is in the queue. In this order: a client that comes in between wakes whoever
    /// else waits on this socket, in this process or in the one that takes over.
    void leave();
    /// When it was last seen that nobody waits in its queue, or that it is not ours to empty.
    [[nodiscard]] config::TimePoint drained_at() const { return drained_at_; }
    void on_events(std::uint32_t events) override;
    void wake(std::uint32_t bits) override;  ///< the pause is over

private:
    [[nodiscard]] int accept_one();  ///< 0, or errno
    void wait_for_clients();
    void pause(observe::Limit why, config::TimePoint now);
    net::Poller* poller_;
    net::TimerWheel* wheel_;
    observe::WorkerMetrics* metrics_;
    snapshot::Door as_;
    net::Descriptor socket_;
    const Door* door_;
    net::Timer pause_timer_;
    config::TimePoint drained_at_{};
    int turn_{1};          ///< grows while clients queue, so that a lone client costs no call that finds nothing
    bool waiting_{false};  ///< clients were announced
    bool paused_{false};   ///< not in the poller
};

}  // namespace cardea::accept
