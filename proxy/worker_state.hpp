#pragma once
// What the connections and exchanges of one worker share. Owned by the worker; nothing in here is touched by another thread.

#include "proxy/http/date.hpp"
#include "proxy/http/forwarded.hpp"
#include "proxy/http/head.hpp"
#include "proxy/net/block_pool.hpp"
#include "proxy/net/inlet.hpp"
#include "proxy/net/list.hpp"
#include "proxy/net/poller.hpp"
#include "proxy/net/scratch.hpp"
#include "proxy/net/splice_pipe.hpp"
#include "proxy/net/timer_wheel.hpp"
#include "proxy/net/waker.hpp"
#include "proxy/silence_watch.hpp"
#include "proxy/upstream/pool.hpp"
#include "proxy/waiting_room.hpp"
#include "proxy/worker.hpp"

#include <cstdint>
#include <memory>
#include <optional>

namespace cardea::proxy {

class Connection;
class Exchange;

/// What wakes the coroutine of a connection and of its exchange: the bits of its waker.
namespace wake {
inline constexpr std::uint32_t client_in = 1, client_out = 2, upstream_in = 4, upstream_out = 8;
inline constexpr std::uint32_t timer = 16;
inline constexpr std::uint32_t order = 32;  ///< drain, abort, move: look at the worker's and the endpoint's state
inline constexpr std::uint32_t sockets = client_in | client_out | upstream_in | upstream_out;
}  // namespace wake

struct WorkerState {
    explicit WorkerState(const WorkerOptions& options);
    void read_clock();
    [[nodiscard]] std::uint64_t random();  ///< xorshift: for balancing and request ids, not for secrets

    const WorkerOptions given;
    observe::WorkerMetrics& metrics;
    config::TimePoint now;    ///< of this batch
    config::WallTime wall{};  ///< of this batch
    http::DateText date{};
    net::Poller poller{};
    net::ReadyQueue ready{};
    net::TimerWheel wheel;
    net::BlockPool blocks{};
    std::unique_ptr<net::Scratch> scratch;
    net::Inlet::Buffers buffers{blocks, *scratch};
    net::PipePool pipes;
    upstream::Pool pool;
    SilenceWatch silence;
    WaitingRoom waiting;
    bool some_would_move{false};  ///< requests wait on a suspended endpoint because there was no other when they were asked
    const snapshot::Snapshot* snapshot;

    /// The heads parsed last, valid until the next wait.
    http::RequestHead request{};
    const Exchange* request_owner{nullptr};  ///< whose head `request` is; null: nobody's any more
    http::ResponseHead response{};
    http::Forwarded forwarded{};

    std::optional<observe::Limit> shedding{};  ///< what keeps it from taking new requests
    bool draining{false};                      ///< say Connection: close, keep no client
    config::TimePoint idle_until{};            ///< while draining: how long clients that ask nothing may stay
    net::List<Connection> connections{};
    net::List<Connection> ended{};  ///< their coroutine is over: destroyed after the batch
    net::List<Exchange> exchanges{};

private:
    std::uint64_t random_;
};

}  // namespace cardea::proxy
