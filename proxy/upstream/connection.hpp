#pragma once
// A connection to an endpoint, busy with one exchange or idle in the pool. One worker.

#include "proxy/balance/endpoint_state.hpp"
#include "proxy/net/list.hpp"
#include "proxy/net/stream.hpp"
#include "proxy/net/timer_wheel.hpp"
#include "proxy/net/waker.hpp"
#include "proxy/observe/metrics.hpp"

#include <cstdint>

namespace cardea::upstream {

class Pool;

class Connection final : public net::Wakeable, public net::Link {
public:
    /// Counts itself as upstream connection for as long as it lives.
    Connection(Pool& home, net::Poller& poller, balance::EndpointState& to, observe::WorkerMetrics& metrics);
    ~Connection();

    net::Stream stream;
    balance::EndpointState* endpoint;       ///< alive while the exchange counts in its in_flight or the pool holds this
    config::TimePoint used{};               ///< when it last finished an exchange
    std::uint32_t exchanges{0};             ///< finished on it; 0: fresh
    std::uint32_t origin_keep_alive_ms{0};  ///< what the origin promised in Keep-Alive: timeout=, 0: nothing

    /// While idle: the origin closed it, sent bytes nobody asked for, or its idle time is over.
    void wake(std::uint32_t bits) override;

private:
    friend class Pool;
    static constexpr std::uint32_t on_event = 1;
    static constexpr std::uint32_t on_timeout = 2;
    Pool* home_;
    net::Timer idle_timer_;
    observe::WorkerMetrics* metrics_;
    bool idle_{false};
    bool wilted_{false};  ///< idle and of no more use: closed by the next sweep
};

}  // namespace cardea::upstream
