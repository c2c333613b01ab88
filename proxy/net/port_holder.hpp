#pragma once
// Who else has a TCP port. SO_REUSEPORT would let a second Cardea of the same user listen beside the first and take half of
// its clients; this is asked before. Control thread; naming the holder reads /proc.

#include "config/address.hpp"
#include "config/result.hpp"

#include <cstdint>
#include <string>

namespace cardea::net {

/// An error when another process listens there; it names the process where that can be seen. Port 0, names and paths pass.
[[nodiscard]] config::Result<void> refuse_held_port(const config::Address& address);

/// `nginx (pid 812)` for whoever listens on that TCP port; empty when it cannot be seen.
[[nodiscard]] std::string holder_of_port(std::uint16_t port);

}  // namespace cardea::net
