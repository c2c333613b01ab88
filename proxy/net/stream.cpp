#include "proxy/net/stream.hpp"

#include "proxy/net/system_calls.hpp"

#include <fcntl.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace cardea::net {

void reset(Descriptor socket) {
    if (socket) {
        const linger now{1, 0};
        (void)::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
}

bool Stream::adopt(int descriptor) {
    descriptor_ = descriptor;
    error_ = 0;
    readable_ = writable_ = true;  // try before waiting: the first request is often there already
    peer_ended_ = broken_ = was_reset_ = false;
    if (!poller_->watch(descriptor, *this)) {
        error_ = errno;
        close();
        return false;
    }
    return true;
}

Io Stream::connect(const SocketAddress& address) {
    const int descriptor = ::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) {
        error_ = errno;
        return Io::failed;
    }
    if (address.family() != AF_UNIX) {
        const int on = 1;
        (void)::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    const bool at_once = ::connect(descriptor, address.get(), address.size) == 0;
    if (!at_once && errno != EINPROGRESS) {
        error_ = errno;
        ::close(descriptor);
        return Io::failed;
    }
    if (!adopt(descriptor)) {
        return Io::failed;
    }
    readable_ = false;
    writable_ = at_once;
    return at_once ? Io::done : Io::blocked;
}

Io Stream::connected() {
    if (!writable_) {
        return Io::blocked;
    }
    if (!broken_) {
        return Io::done;
    }
    socklen_t size = sizeof error_;
    if (::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error_, &size) != 0 || error_ == 0) {
        error_ = ECONNRESET;  // connected and already gone
    }
    return Io::failed;
}

void Stream::wake_with(Wakeable* owner, std::uint8_t on_readable, std::uint8_t on_writable) {
    owner_ = owner;
    readable_bits_ = on_readable;
    writable_bits_ = on_writable;
}

void Stream::on_events(std::uint32_t events) {
    std::uint32_t bits = 0;
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        peer_ended_ = true;
    }
    if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
        broken_ = true;
        was_reset_ = was_reset_ || (events & EPOLLERR) != 0;
    }
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        readable_ = true;
        bits |= readable_bits_;
    }
    // An event tells all there is at present: that there is room again is an event of its own.
    writable_ = (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
    if (writable_) {
        bits |= writable_bits_;
    }
    if (owner_ != nullptr && bits != 0) {
        owner_->wake(bits);
    }
}

IoResult Stream::receive(std::span<char> room) {
    const ssize_t got = receive_bytes(descriptor_, room);
    if (got > 0) {
        const auto bytes = static_cast<std::size_t>(got);
        if (bytes < room.size() && !peer_ended_) {
            readable_ = false;  // drained: the next byte, or the end, is an edge of its own
        }
        return {Io::done, bytes};
    }
    return nothing_received(got == 0);
}

IoResult Stream::nothing_received(bool ended) {
    if (ended) {
        peer_ended_ = true;
        readable_ = false;
        return {Io::ended, 0};
    }
    if (errno == EAGAIN || errno == EINTR) {
        readable_ = errno == EINTR;
        return {Io::blocked, 0};
    }
    error_ = errno;
    peer_ended_ = broken_ = true;
    readable_ = false;
    return {Io::failed, 0};
}

IoResult Stream::send(std::span<const iovec> pieces, std::size_t total) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data());  // sendmsg does not write to it
    message.msg_iovlen = pieces.size();
    const ssize_t sent = send_message(descriptor_, message);
    if (sent >= 0) {
        const auto bytes = static_cast<std::size_t>(sent);
        if (bytes < total) {
            writable_ = false;
        }
        return {Io::done, bytes};
    }
    return nothing_sent();
}

IoResult Stream::nothing_sent() {
    if (errno == EAGAIN || errno == EINTR) {
        writable_ = errno == EINTR;
        return {Io::blocked, 0};
    }
    error_ = errno;
    broken_ = true;
    readable_ = true;  // what the peer said before it went may still be there
    return {Io::failed, 0};
}

/// A pipe that is empty takes something, so if nothing comes the socket has nothing.
IoResult Stream::splice_into(int pipe, std::size_t limit) {
    const ssize_t got = ::splice(descriptor_, nullptr, pipe, nullptr, limit, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    return got > 0 ? IoResult{Io::done, static_cast<std::size_t>(got)} : nothing_received(got == 0);
}

IoResult Stream::splice_out_of(int pipe, std::size_t count) {
    const ssize_t sent = ::splice(pipe, nullptr, descriptor_, nullptr, count, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    return sent > 0 ? IoResult{Io::done, static_cast<std::size_t>(sent)} : nothing_sent();
}

bool Stream::quiet_now() {
    char byte = 0;
    const ssize_t got = ::recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) {
        readable_ = false;
        return true;
    }
    return false;
}

std::size_t Stream::send_room() const {
    std::array<std::uint32_t, SK_MEMINFO_VARS> info{};
    socklen_t size = sizeof info;
    if (::getsockopt(descriptor_, SOL_SOCKET, SO_MEMINFO, info.data(), &size) != 0) {
        return 0;
    }
    // The kernel counts its own overhead too; half of what it calls free has always been taken.
    return info[SK_MEMINFO_SNDBUF] > info[SK_MEMINFO_WMEM_QUEUED] ? (info[SK_MEMINFO_SNDBUF] - info[SK_MEMINFO_WMEM_QUEUED]) / 2 : 0;
}

std::size_t Stream::unsent() const {
    int bytes = 0;
    return ::ioctl(descriptor_, SIOCOUTQ, &bytes) == 0 ? static_cast<std::size_t>(std::max(bytes, 0)) : 0;
}

void Stream::end_writing() {
    (void)::shutdown(descriptor_, SHUT_WR);
}

void Stream::close() {
    if (descriptor_ >= 0) {
        ::close(std::exchange(descriptor_, -1));
    }
    readable_ = writable_ = false;
}

void Stream::reset() {
    net::reset(Descriptor(std::exchange(descriptor_, -1)));
    close();
}

}  // namespace cardea::net
