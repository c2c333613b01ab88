#include "proxy/connection.hpp"

#include "proxy/net/listen_socket.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace cardea::proxy {
namespace {

using namespace std::chrono_literals;

constexpr config::Duration grace_when_draining = 1s;        // for a client that has only just come, or has only just been answered
constexpr std::size_t head_bytes = std::size_t{16} * 1024;  // read at a time; what is behind the head waits in memory for its turn
constexpr int requests_in_a_row = 16;                       // answered without a wait before the other connections have their turn

}  // namespace

Connection::Connection(WorkerState& of, std::shared_ptr<const config::Listener> came_in_at, const config::Address& peer_address,
                       accept::ClientCounts::Place place)
    : worker(of),
      listener(std::move(came_in_at)),
      stream(of.poller),
      waker(of.ready),
      timer(waker, wake::timer),
      inlet(of.buffers),
      peer_text_(peer_address.kind == config::Address::Kind::ip ? config::to_string(peer_address.ip) : std::string("127.0.0.1")),
      since_(of.now),
      opened_(of.now),
      place_(std::move(place)) {
    peer.address = peer_address.ip;
    peer.address_text = peer_text_;
    peer.local_port = listener->address.port;
    peer.trusted = config::contains(listener->trusted_proxies, peer.address);
    worker.metrics.connections_active.add();
}

Connection::~Connection() {
    show_as(nullptr);
    worker.metrics.connections_active.sub();
    worker.metrics.listener_connections[listener_number].sub();
    worker.given.shared->connections.fetch_sub(1, std::memory_order_relaxed);
    auto& seat = worker.given.shared->workers[worker.given.index].connections;
    seat.store(seat.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
}

void Connection::start(net::Descriptor socket) {
    stream.wake_with(&waker, wake::client_in, wake::client_out);
    if (peer.local_port == 0 && listener->address.kind == config::Address::Kind::ip) {  // the kernel chose it
        const auto here = net::local_address(socket.get());
        peer.local_port = here ? here->port : std::uint16_t{0};
    }
    if (!stream.adopt(socket.release())) {
        worker.ended.push_back(*this);
        return;
    }
    task_ = serve();
    task_.start();
}

std::optional<observe::Limit> Connection::spent() const {
    const config::ClientLimits& limits = listener->client;
    if (limits.requests_per_connection != 0 && requests_ >= limits.requests_per_connection) {
        return observe::Limit::requests_per_connection;
    }
    if (limits.connection_age > 0s && worker.now - opened_ >= limits.connection_age) {
        return observe::Limit::connection_age;
    }
    return std::nullopt;
}

http1::RequestLimits Connection::parse_limits() const {
    const config::ClientLimits& limits = listener->client;
    return {limits.max_request_line.count, limits.max_headers.count, limits.max_header_count, limits.max_header_line.count};
}

/// The gauge this connection counts in at present, beside being active.
void Connection::show_as(observe::Counter* gauge) {
    if (gauge == shown_as_) {
        return;
    }
    if (shown_as_ != nullptr) {
        shown_as_->sub();
    }
    if (gauge != nullptr) {
        gauge->add();
    }
    shown_as_ = gauge;
}

/// Reads what is there and says what it is. Only here is it decided that a request begins.
Connection::Seen Connection::look_for_head() {
    for (;;) {
        if (!inlet.empty()) {
            std::size_t scanned = scanned_;
            head_size_ = static_cast<std::uint32_t>(http1::find_head_end(inlet.bytes(), scanned));
            scanned_ = static_cast<std::uint32_t>(scanned);
            if (head_size_ != 0) {
                return Seen::head;
            }
            refused_ = http1::check_partial_request(inlet.bytes(), parse_limits());
            if (refused_ != http::Reason::none) {
                return Seen::refused;
            }
        }
        if (!stream.readable()) {
            return inlet.empty() ? Seen::nothing : Seen::part;
        }
        const net::IoResult got = inlet.fill(stream, head_bytes);
        if (got.io == net::Io::ended || got.io == net::Io::failed) {
            return Seen::end;
        }
        worker.metrics.bytes_received.add(got.bytes);
    }
}

config::TimePoint Connection::head_deadline(Seen seen) const {
    const config::ClientLimits& limits = listener->client;
    if (seen == Seen::part) {
        return since_ + limits.header_timeout;
    }
    const config::TimePoint usual = since_ + (requests_ > 0 ? limits.idle_timeout : limits.first_byte_timeout);
    return worker.draining ? std::min(usual, std::max(worker.idle_until, since_ + grace_when_draining)) : usual;
}

/// Before a wait for what is missing of a head: arms the timer. Not `nothing` or `part` when there is nothing to wait for any more.
Connection::Seen Connection::wait_for(Seen seen, Seen before) {
    if (seen == Seen::part && before == Seen::nothing) {
        since_ = worker.now;
    }
    show_as(seen == Seen::part ? &worker.metrics.reading : &worker.metrics.connections_idle);
    const config::TimePoint deadline = head_deadline(seen);
    if (worker.now >= deadline) {
        worker.metrics.hit(seen == Seen::part ? observe::Limit::header_timeout
                           : requests_ > 0    ? observe::Limit::idle_timeout
                                              : observe::Limit::first_byte_timeout);
        refused_ = http::Reason::client_timeout;
        return seen == Seen::part ? Seen::refused : Seen::end;
    }
    inlet.keep();
    worker.wheel.arm(timer, deadline);
    return seen;
}

/// Nothing a client or an endpoint sends may end more than this connection.
net::Task<void> Connection::serve() {
    try {
        After after = After::next;
        while (after == After::next || after == After::linger) {
            net::Task<After> step;  // one for both, since an idle connection keeps a place for it
            if (after == After::linger) {
                step = linger();
            } else {
                scanned_ = head_size_ = 0;
                Seen seen = look_for_head();
                head_awaited_ = incomplete(seen);
                if (head_awaited_) {
                    in_a_row_ = 0;
                    since_ = worker.now;
                }
                for (Seen before = Seen::nothing; incomplete(seen); before = seen, seen = look_for_head()) {
                    seen = wait_for(seen, before);
                    if (!incomplete(seen)) {
                        break;
                    }
                    co_await waker.any(wake::client_in | wake::timer | wake::order);
                }
                show_as(nullptr);
                if (seen == Seen::end) {
                    break;
                }
                ++requests_;
                step = Exchange::serve(*this, head_size_, refused_);
            }
            const After done = co_await step;
            after = done;
            if (++in_a_row_ >= requests_in_a_row) {
                in_a_row_ = 0;
                inlet.keep();
                co_await waker.yield();
            }
        }
        if (after == After::reset) {
            stream.reset();
        }
    } catch (const std::exception&) {
        worker.metrics.errors[static_cast<std::size_t>(http::Reason::internal)].add();
        stream.reset();
    }
    stream.close();
    worker.ended.push_back(*this);
}

/// An answer sent with unread bytes behind it would be lost to a reset: ends our direction first, reads on for a while.
net::Task<After> Connection::linger() {
    const config::ClientLimits& limits = listener->client;
    stream.end_writing();
    const config::TimePoint deadline = worker.now + limits.linger_time;
    std::uint64_t drained = 0;
    while (worker.now < deadline && drained < limits.linger_bytes.count) {
        inlet.clear();
        if (!stream.readable()) {
            worker.wheel.arm(timer, deadline);
            co_await waker.any(wake::client_in | wake::timer);
            continue;
        }
        const net::IoResult got = inlet.fill(stream, head_bytes);
        if (got.io == net::Io::ended || got.io == net::Io::failed) {
            co_return After::close;
        }
        drained += got.bytes;
    }
    worker.metrics.hit(worker.now < deadline ? observe::Limit::linger_bytes : observe::Limit::linger_time);
    co_return After::close;
}

}  // namespace cardea::proxy
