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

#include <functional>
#include <string>

namespace cardea::accept {

class Listener final : public net::Watcher, public net::Wakeable {
public:
    /// What accepting needs to know of the rest of the worker.
    struct Door {
        std::function<bool()> full{};  ///< at the limit of connections: asked before each accept
        std::function<void(const Listener&, net::Descriptor, const net::SocketAddress&)> accepted{};
    };
    Listener(net::Poller& poller, net::TimerWheel& wheel, observe::WorkerMetrics& metrics, std::string name, net::Descriptor socket,
             const Door& door);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    [[nodiscard]] const std::string& name() const { return name_; }
    /// Accepts what is there, at most `turn` clients; called between batches for listeners that were told of clients.
    void accept(config::TimePoint now);
    /// Takes everybody who already waits in the queue, because the socket is about to close.
    void accept_rest();
    void on_events(std::uint32_t events) override;
    void wake(std::uint32_t bits) override;  ///< the pause is over

private:
    [[nodiscard]] int accept_one();  ///< 0, or errno
    void pause(config::TimePoint now);
    net::Poller* poller_;
    net::TimerWheel* wheel_;
    observe::WorkerMetrics* metrics_;
    std::string name_;
    net::Descriptor socket_;
    const Door* door_;
    net::Timer pause_timer_;
    int turn_{1};          ///< grows while clients queue, so that a lone client costs no call that finds nothing
    bool waiting_{false};  ///< clients were announced
    bool paused_{false};
};

}  // namespace cardea::accept
