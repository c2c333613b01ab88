// Networks: which addresses they hold and how they are written.
#include "config/address.hpp"
#include "config/text.hpp"
#include "config/units.hpp"

#include <algorithm>
#include <cstddef>

namespace cardea::config {

bool Cidr::contains(const IpAddress& ip) const {
    if (ip.v6 != base.v6) {
        return false;
    }
    const std::size_t whole = bits / 8U;
    if (!std::equal(base.bytes.begin(), base.bytes.begin() + static_cast<std::ptrdiff_t>(whole), ip.bytes.begin())) {
        return false;
    }
    const unsigned rest = bits % 8U;
    return rest == 0 || ((base.bytes[whole] ^ ip.bytes[whole]) >> (8U - rest)) == 0;
}

bool contains(std::span<const Cidr> networks, const IpAddress& ip) {
    return std::ranges::any_of(networks, [&ip](const Cidr& one) { return one.contains(ip); });
}

Result<Cidr> parse_cidr(std::string_view text) {
    const auto slash = text.find('/');
    const auto ip = parse_ip(text.substr(0, slash));
    if (!ip) {
        return failure("`" + printable(text) + "` is not a network", {}, "write it as 10.0.0.0/8, 2001:db8::/32 or a single address");
    }
    const std::uint8_t all = ip->v6 ? 128 : 32;
    Cidr cidr{*ip, all};
    if (slash == std::string_view::npos) {
        return cidr;
    }
    const bool was_mapped = !ip->v6 && text.find(':') != std::string_view::npos;
    const std::uint64_t offset = was_mapped ? 96 : 0;
    const auto bits = parse_unsigned(text.substr(slash + 1), all + offset);
    if (!bits || *bits < offset || text.size() - slash > 4) {
        return failure("`" + printable(text) + "` has no valid prefix length", {}, "0 to " + std::to_string(all + offset) + " bits");
    }
    cidr.bits = static_cast<std::uint8_t>(*bits - offset);
    Cidr masked = cidr;
    for (std::size_t bit = cidr.bits; bit < all; ++bit) {
        masked.base.bytes[bit / 8] = static_cast<std::uint8_t>(masked.base.bytes[bit / 8] & ~(0x80U >> (bit % 8)));
    }
    if (masked != cidr) {
        return failure("`" + printable(text) + "` has bits set behind its prefix", {},
                       "write " + to_string(masked) + " or " + to_string(*ip));
    }
    return cidr;
}

std::string to_string(const Cidr& cidr) {
    return to_string(cidr.base) + "/" + std::to_string(cidr.bits);
}

}  // namespace cardea::config
