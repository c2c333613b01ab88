#include "proxy/tunnel.hpp"

#include <algorithm>

namespace cardea::proxy {
namespace {

constexpr std::size_t least_read_bytes = std::size_t{2} * 1024;
constexpr std::size_t tunnel_turn_bytes = std::size_t{256} * 1024;

}  // namespace

Tunnel::Tunnel(Connection& client, net::Outlet& to_client, upstream::Connection& up, net::Inlet& from_upstream, net::Outlet& to_upstream,
               config::Duration idle, std::size_t held)
    : client_(client),
      worker_(client.worker),
      up_{client.stream, client.inlet, up.stream, to_upstream},
      down_{up.stream, from_upstream, client.stream, to_client},
      idle_(idle),
      held_(held),
      moved_(client.worker.now) {}

/// All of it may have to be held, beside what is held for the other side: who takes nothing may be one and the same.
std::size_t Tunnel::read_limit(const Direction& direction) const {
    const std::size_t others = held_ + (&direction == &up_ ? down_ : up_).out.held();
    return std::max(least_read_bytes, net::BlockPool::largest_within(net::reader_window - std::min(others, net::reader_window)));
}

void Tunnel::pump(Direction& direction) {
    net::Pieces& pieces = worker_.scratch->pieces;
    std::size_t moved = 0;
    while (!lost_ && !direction.ended) {
        const std::uint64_t before = direction.out.sent();
        if (direction.out.blocked()) {
            const net::Io io = direction.out.flush(direction.to);
            lost_ = io == net::Io::failed;
            if (io != net::Io::done) {
                break;
            }
        }
        if (direction.in.empty()) {
            if (!direction.from.readable()) {
                break;
            }
            if (moved >= tunnel_turn_bytes) {
                more_now_ = true;
                break;
            }
            const net::IoResult got = direction.in.fill(direction.from, read_limit(direction));
            lost_ = got.io == net::Io::failed;
            if (got.io == net::Io::ended) {
                direction.to.end_writing();
                direction.ended = true;
            }
            if (got.io != net::Io::done) {
                continue;
            }
        }
        pieces.clear();
        pieces.add(direction.in.bytes());
        lost_ = direction.out.send(direction.to, pieces) == net::Io::failed;
        moved += pieces.total();
        direction.bytes += pieces.total();
        direction.in.clear();
        if (direction.out.sent() != before) {
            moved_ = worker_.now;
        }
    }
    direction.in.keep();
}

net::Task<void> Tunnel::run(const bool& aborted) {
    worker_.metrics.tunnels.add();
    for (;;) {
        pump(up_);
        pump(down_);
        const bool over = lost_ || aborted || (up_.ended && down_.ended) || client_.stream.broken();
        if (!over && worker_.now >= moved_ + idle_) {
            worker_.metrics.hit(observe::Limit::tunnel_idle);
        }
        if (over || worker_.now >= moved_ + idle_) {
            break;
        }
        if (more_now_) {
            more_now_ = false;
            co_await client_.waker.yield();
            continue;
        }
        worker_.wheel.arm(client_.timer, moved_ + idle_);
        co_await client_.waker.any(wake::sockets | wake::timer | wake::order);
    }
    worker_.metrics.tunnels.sub();
}

}  // namespace cardea::proxy
