#pragma once
// TCP sockets as the load tools need them: listen, connect, one clock. Numeric addresses only, since a static program
// cannot load name services. Everything throws std::system_error on failure except where it says so. One thread.

#include <sys/socket.h>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cardea::load {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length{0};
};

using Clock = std::chrono::steady_clock;

/// `1.2.3.4:80`, `[::1]:80`, `:80` (every address of both families). Throws UsageError.
SocketAddress parse_address(std::string_view text);
std::string to_string(const SocketAddress& address);

/// What an epoll set holds of a program with sockets of several kinds.
struct Watched {
    virtual void on_event(std::uint32_t events) = 0;

protected:
    ~Watched() = default;
};

int listen_on(const SocketAddress& address);      ///< non-blocking, SO_REUSEADDR; the caller closes it
SocketAddress local_address(int socket);          ///< what port 0 became
int start_connect(const SocketAddress& address);  ///< non-blocking, TCP_NODELAY; -1 when it failed at once (errno)
void no_delay(int socket);

}  // namespace cardea::load
