#include "perf/load/sockets.hpp"

#include "perf/load/arguments.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace cardea::load {

namespace {

template <typename Family>
SocketAddress stored(const Family& family) {
    SocketAddress address;
    std::memcpy(&address.storage, &family, sizeof family);
    address.length = sizeof family;
    return address;
}

// bind, connect and getsockname take every family through the one pointer type.
const sockaddr* generic(const SocketAddress& address) {
    return reinterpret_cast<const sockaddr*>(&address.storage);
}

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

SocketAddress parse_address(std::string_view text) {
    const auto colon = text.rfind(':');
    const auto port = parse_number(colon == std::string_view::npos ? text : text.substr(colon + 1));
    if (colon == std::string_view::npos || !port || *port > 65535) {
        throw UsageError("expected ADDRESS:PORT, found `" + std::string(text) + "`");
    }
    std::string host(text.substr(0, colon));
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(static_cast<std::uint16_t>(*port));
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = v4.sin_port;
    if (host.empty()) {
        return stored(v6);
    }
    if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
        return stored(v4);
    }
    if (host.starts_with('[') && host.ends_with(']') && inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6.sin6_addr) == 1) {
        return stored(v6);
    }
    throw UsageError("expected a numeric address, found `" + host + "`");
}

std::string to_string(const SocketAddress& address) {
    char text[INET6_ADDRSTRLEN] = "";
    if (address.storage.ss_family == AF_INET) {
        sockaddr_in v4;
        std::memcpy(&v4, &address.storage, sizeof v4);
        inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
        return std::string(text) + ":" + std::to_string(ntohs(v4.sin_port));
    }
    sockaddr_in6 v6;
    std::memcpy(&v6, &address.storage, sizeof v6);
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    return "[" + std::string(text) + "]:" + std::to_string(ntohs(v6.sin6_port));
}

int listen_on(const SocketAddress& address) {
    constexpr int one = 1;
    const int socket = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0 && errno == EAFNOSUPPORT && to_string(address).starts_with("[::]:")) {
        return listen_on(parse_address("0.0.0.0" + to_string(address).substr(4)));  // a machine without IPv6
    }
    if (socket < 0) {
        fail("socket");
    }
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(socket, generic(address), address.length) != 0 || listen(socket, 4096) != 0) {
        fail("cannot listen on " + to_string(address));
    }
    return socket;
}

SocketAddress local_address(int socket) {
    SocketAddress address;
    address.length = sizeof address.storage;
    if (getsockname(socket, reinterpret_cast<sockaddr*>(&address.storage), &address.length) != 0) {
        fail("getsockname");
    }
    return address;
}

int start_connect(const SocketAddress& address) {
    const int socket = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0) {
        return -1;
    }
    no_delay(socket);
    if (connect(socket, generic(address), address.length) != 0 && errno != EINPROGRESS) {
        const int error = errno;
        close(socket);
        errno = error;
        return -1;
    }
    return socket;
}

void no_delay(int socket) {
    constexpr int one = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

}  // namespace cardea::load
