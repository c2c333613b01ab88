#pragma once
// The addresses of this machine's own interfaces, loopback included. Control thread.

#include "config/address.hpp"

#include <vector>

namespace cardea::control {

/// Sorted, IPv4 first; without IPv6 link-local ones, which mean nothing without their interface. Empty when the kernel
/// does not say.
[[nodiscard]] std::vector<config::IpAddress> local_addresses();

}  // namespace cardea::control
