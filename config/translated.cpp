#include "config/translated.hpp"

#include <algorithm>
#include <array>

namespace cardea::config {

std::optional<IpAddress> translated_ipv4(const IpAddress& ip) {
    constexpr std::array<std::uint8_t, 12> nat64{0x00, 0x64, 0xFF, 0x9B};
    constexpr std::array<std::uint8_t, 12> compatible{};
    const auto begins_with = [&ip](const auto& prefix) { return std::equal(prefix.begin(), prefix.end(), ip.bytes.begin()); };
    const bool at_the_end = begins_with(nat64) || (begins_with(compatible) && !ip.loopback() && !ip.unspecified());
    const bool in_the_prefix = ip.bytes[0] == 0x20 && ip.bytes[1] == 0x02;
    if (!ip.v6 || (!at_the_end && !in_the_prefix)) {
        return std::nullopt;
    }
    IpAddress inner;
    std::copy_n(ip.bytes.begin() + (at_the_end ? 12 : 2), 4, inner.bytes.begin());
    return inner;
}

}  // namespace cardea::config
