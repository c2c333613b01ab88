#pragma once
// Opens listening sockets: SO_REUSEADDR, SO_REUSEPORT (one socket a worker), TCP_NODELAY (inherited by what is accepted),
// non-blocking, close-on-exec. The caller owns the descriptor. Control thread.

#include "config/address.hpp"
#include "config/result.hpp"

namespace cardea::net {

/// An unspecified IPv6 address listens on both families (falls back to IPv4 where the kernel has no IPv6); port 0 takes
/// a free one. Unix paths: a stale socket file is replaced. Errors say what holds the address when that can be known.
[[nodiscard]] config::Result<int> open_listener(const config::Address& address, int backlog = 4096);

/// Where a descriptor listens (getsockname), for port 0 and for messages.
[[nodiscard]] config::Result<config::Address> local_address(int descriptor);

}  // namespace cardea::net
