#pragma once
// Opens listening sockets: SO_REUSEADDR, SO_REUSEPORT (one socket a worker), TCP_NODELAY (inherited by what is accepted),
// non-blocking, close-on-exec. The caller owns the descriptor. Control thread.

#include "config/address.hpp"
#include "config/result.hpp"

namespace cardea::net {

/// An unspecified IPv6 address listens on both families (falls back to IPv4 where the kernel has no IPv6); port 0 takes
/// a free one. Unix paths: a stale socket file is replaced. Errors say what holds the address when that can be known.
[[nodiscard]] config::Result<int> open_listener(const config::Address& address, int backlog = 4096);

/// Whether this is a stream socket that listens: what is inherited is looked at before it is believed.
[[nodiscard]] bool listens(int descriptor);

/// From now on nobody new is let in (SYN is dropped, the client tries again a second later), while handshakes that have begun
/// are finished: so a queue can be emptied before its socket closes. For TCP; holds for every process that has the socket.
void turn_newcomers_away(int descriptor);

/// Where a descriptor listens (getsockname), for port 0 and for messages.
[[nodiscard]] config::Result<config::Address> local_address(int descriptor);

}  // namespace cardea::net
