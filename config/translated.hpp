#pragma once
// IPv6 addresses that stand for IPv4 ones somewhere on the way. Pure, any thread.

#include "config/address.hpp"

#include <optional>

namespace cardea::config {

/// The IPv4 address that a translator makes of this one: NAT64 (RFC 6052, the well-known prefix), 6to4 (RFC 3056), and the
/// IPv4-compatible form that RFC 4291 retired.
[[nodiscard]] std::optional<IpAddress> translated_ipv4(const IpAddress& ip);

}  // namespace cardea::config
