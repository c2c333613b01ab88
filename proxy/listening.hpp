#pragma once
// A listener's sockets: one a worker, all on one port, so that the kernel spreads connections. Control thread.

#include "config/config.hpp"

#include <cstddef>
#include <vector>

namespace cardea::proxy {

/// `count` bound, listening sockets. With port 0 all share the port that the first was given. A port that another process
/// holds is refused even where SO_REUSEPORT would let both in.
[[nodiscard]] config::Result<std::vector<int>> open_for_workers(const config::Address& address, std::size_t count);

}  // namespace cardea::proxy
