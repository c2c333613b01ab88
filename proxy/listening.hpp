#pragma once
// A listener's sockets: one a worker, all on one port, so that the kernel spreads connections. Control thread.

#include "config/config.hpp"
#include "proxy/net/descriptor.hpp"

#include <cstddef>
#include <vector>

namespace cardea::proxy {

/// `count` bound, listening sockets, or one for a unix path, which can be bound once. With port 0 all share the port that the
/// first was given. A port that another process holds is refused even where SO_REUSEPORT would let both in.
[[nodiscard]] config::Result<std::vector<net::Descriptor>> open_for_workers(const config::Address& address, std::size_t count);

/// Up to `count` more for a port that this process has already; fewer when the kernel refuses (the rights to a low port are
/// gone, say).
[[nodiscard]] std::vector<net::Descriptor> open_more(const config::Address& bound, std::size_t count);

}  // namespace cardea::proxy
