#pragma once
// Addresses as the kernel wants them, and back. Pure; any thread.

#include "config/address.hpp"
#include "config/result.hpp"

#include <sys/socket.h>

#include <cstddef>

namespace cardea::net {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size{0};
    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    [[nodiscard]] int family() const { return storage.ss_family; }
};

/// Fails for a host name (resolve first) and for a path longer than the kernel takes.
[[nodiscard]] config::Result<SocketAddress> to_socket_address(const config::Address& address);
/// Of an accepted peer or a bound socket; IPv4-mapped addresses come back as IPv4, unnamed unix peers with an empty path.
[[nodiscard]] config::Address from_socket_address(const SocketAddress& from);

}  // namespace cardea::net
