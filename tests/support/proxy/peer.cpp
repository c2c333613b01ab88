#include "tests/support/proxy/peer.hpp"

#include "config/address.hpp"
#include "proxy/net/listen_socket.hpp"
#include "proxy/net/socket_address.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace cardea::support {
namespace {

constexpr int patience_ms = 10'000;

bool ready(int descriptor, short events, int milliseconds) {
    pollfd one{descriptor, events, 0};
    return ::poll(&one, 1, milliseconds) > 0;
}

config::Address loopback(std::uint16_t port) {
    config::Address address;
    address.ip.bytes = {127, 0, 0, 1};
    address.port = port;
    return address;
}

}  // namespace

Peer::Peer(net::Descriptor socket) : socket_(std::move(socket)) {}

Peer Peer::to(std::uint16_t port, int receive_buffer) {
    net::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (receive_buffer > 0) {
        ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    const auto place = net::to_socket_address(loopback(port));
    if (socket.get() < 0 || ::connect(socket.get(), place->get(), place->size) != 0) {
        throw std::runtime_error("connect to port " + std::to_string(port));
    }
    return Peer(std::move(socket));
}

void Peer::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        } else if (sent == 0 || errno != EAGAIN || !ready(socket_.get(), POLLOUT, patience_ms)) {
            return;  // the other side is gone: what it said is for the test to read
        }
    }
}

std::size_t Peer::send_until_blocked(std::size_t at_most, std::string_view again) {
    std::string block;
    while (block.size() < 65536) {
        block += again;
    }
    std::size_t total = 0;
    while (total < at_most) {
        const std::string_view next = std::string_view(block).substr(total % block.size(), at_most - total);
        const ssize_t sent = ::send(socket_.get(), next.data(), next.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            total += static_cast<std::size_t>(sent);
        } else if (sent == 0 || errno != EAGAIN || !ready(socket_.get(), POLLOUT, 250)) {
            break;
        }
    }
    return total;
}

bool Peer::fill() {
    std::array<char, 65536> room;
    if (end_ || reset_ || !ready(socket_.get(), POLLIN, patience_ms)) {
        return false;
    }
    const ssize_t got = ::recv(socket_.get(), room.data(), room.size(), 0);
    if (got > 0) {
        buffer_.append(room.data(), static_cast<std::size_t>(got));
        return true;
    }
    (got == 0 ? end_ : reset_) = true;
    return false;
}

std::string Peer::read_until(std::string_view end) {
    std::size_t at = std::string::npos;
    while ((at = buffer_.find(end)) == std::string::npos && fill()) {
    }
    const std::size_t size = at == std::string::npos ? buffer_.size() : at + end.size();
    std::string out = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return out;
}

std::string Peer::read(std::size_t count) {
    while (buffer_.size() < count && fill()) {
    }
    std::string out = buffer_.substr(0, count);
    buffer_.erase(0, out.size());
    return out;
}

std::string Peer::read_all() {
    while (fill()) {
    }
    return std::exchange(buffer_, {});
}

bool Peer::ended() {
    return buffer_.empty() && !fill() && end_;
}

bool Peer::reset_by_peer() {
    while (fill()) {
    }
    return reset_;
}

bool Peer::silent(int milliseconds) {
    return buffer_.empty() && !ready(socket_.get(), POLLIN, milliseconds);
}

void Peer::receive_at_most(int bytes) {
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

void Peer::end_writing() {
    ::shutdown(socket_.get(), SHUT_WR);
}

void Peer::reset() {
    const linger now{1, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    socket_.reset();
}

Origin::Origin() {
    auto opened = net::open_listener(loopback(0));
    if (!opened) {
        throw std::runtime_error(opened.error().what);
    }
    socket_.reset(*opened);
    port_ = net::local_address(*opened)->port;
}

Peer Origin::accept() {
    if (!ready(socket_.get(), POLLIN, patience_ms)) {
        throw std::runtime_error("nobody connected to the origin");
    }
    return Peer(net::Descriptor(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
}

bool Origin::nobody(int milliseconds) {
    return !ready(socket_.get(), POLLIN, milliseconds);
}

}  // namespace cardea::support
