#pragma once
// A client's connection: reads heads, runs one exchange after the other in the order the requests came, ends. One coroutine;
// while it idles it owns no buffer. One worker.

#include "proxy/accept/client_counts.hpp"
#include "proxy/exchange.hpp"
#include "proxy/http1/parser.hpp"
#include "proxy/net/descriptor.hpp"
#include "proxy/net/inlet.hpp"
#include "proxy/net/list.hpp"
#include "proxy/net/stream.hpp"
#include "proxy/net/task.hpp"
#include "proxy/net/timer_wheel.hpp"
#include "proxy/net/waker.hpp"
#include "proxy/worker_state.hpp"

#include <memory>
#include <optional>
#include <string>

namespace cardea::proxy {

class Connection final : public net::Link {
public:
    /// Counts itself in the metrics and in the process' number of connections for as long as it lives.
    Connection(WorkerState& worker, std::shared_ptr<const config::Listener> listener, const config::Address& peer_address,
               accept::ClientCounts::Place place);
    ~Connection();

    /// Takes the socket and serves it until its first wait.
    void start(net::Descriptor socket);
    /// Drain, abort or move: the coroutine looks for itself.
    void order() { waker.wake(wake::order); }
    /// The limit of its age or its requests that it has reached: the answer to come is its last.
    [[nodiscard]] std::optional<observe::Limit> spent() const;
    [[nodiscard]] http1::RequestLimits parse_limits() const;
    /// What stream.writable() says is from the moment the present request's head came, and nothing was sent since.
    [[nodiscard]] bool room_is_known() const { return head_awaited_ || requests_ == 1; }

    WorkerState& worker;
    const std::shared_ptr<const config::Listener> listener;
    net::Stream stream;
    net::Waker waker;
    net::Timer timer;
    net::Inlet inlet;
    http::Peer peer{};
    std::uint16_t listener_number{0};  ///< its name in metrics

private:
    enum class Seen : std::uint8_t { nothing, part, head, refused, end };
    net::Task<void> serve();
    static bool incomplete(Seen seen) { return seen == Seen::nothing || seen == Seen::part; }
    Seen wait_for(Seen seen, Seen before);
    net::Task<After> linger();
    [[nodiscard]] Seen look_for_head();
    [[nodiscard]] config::TimePoint head_deadline(Seen seen) const;
    void show_as(observe::Counter* gauge);

    http::Reason refused_{http::Reason::none};
    // The two share a byte: without it an idle connection would take the next larger piece of memory.
    std::uint8_t in_a_row_ : 7 {0};  ///< requests answered without a wait
    bool head_awaited_ : 1 {false};  ///< the present request's
    std::uint32_t requests_{0};      ///< begun
    std::uint32_t scanned_{0};       ///< how far the end of a head was looked for
    std::uint32_t head_size_{0};     ///< of the head in front of the inlet; 0: there is none
    std::string peer_text_;          ///< an IPv4 address needs no memory of its own
    observe::Counter* shown_as_{nullptr};
    config::TimePoint since_;  ///< of the idle time, or of the head's first byte
    const config::TimePoint opened_;
    const accept::ClientCounts::Place place_;  ///< among the connections of its address
    net::Task<void> task_{};                   ///< last: ends before what it uses
};

}  // namespace cardea::proxy
