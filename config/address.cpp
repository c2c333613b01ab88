#include "config/address.hpp"

#include "config/text.hpp"
#include "config/units.hpp"

#include <algorithm>
#include <optional>
#include <span>

namespace cardea::config {

namespace {

constexpr std::size_t longest_unix_path = 107;  // sockaddr_un holds 108 with the final NUL

using Ipv4 = std::array<std::uint8_t, 4>;
using Ipv6 = std::array<std::uint8_t, 16>;

/// Four decimal parts without leading zeros: other spellings mean different things to different programs.
std::optional<Ipv4> read_ipv4(std::string_view text) {
    Ipv4 out{};
    for (std::size_t part = 0; part < out.size(); ++part) {
        const auto dot = text.find('.');
        if ((dot == std::string_view::npos) != (part == 3)) {
            return std::nullopt;
        }
        const auto digits = text.substr(0, dot);
        const auto value = parse_unsigned(digits, 255);
        if (!value || digits.size() > 3 || (digits.size() > 1 && digits.front() == '0')) {
            return std::nullopt;
        }
        out[part] = static_cast<std::uint8_t>(*value);
        text.remove_prefix(std::min(text.size(), digits.size() + 1));
    }
    return out;
}

std::optional<std::uint16_t> read_group(std::string_view text) {
    if (text.empty() || text.size() > 4) {
        return std::nullopt;
    }
    std::uint32_t value = 0;
    for (const char c : text) {
        const int digit = hex_digit(c);
        if (digit < 0) {
            return std::nullopt;
        }
        value = value * 16 + static_cast<std::uint32_t>(digit);
    }
    return static_cast<std::uint16_t>(value);
}

/// Groups between colons into `out`; the last may be an IPv4 address. The number of bytes written, or nothing.
std::optional<std::size_t> read_groups(std::string_view text, bool may_end_in_ipv4, std::span<std::uint8_t> out) {
    std::size_t used = 0;
    while (!text.empty()) {
        const auto colon = text.find(':');
        const auto group = text.substr(0, colon);
        const bool last = colon == std::string_view::npos;
        if (last && may_end_in_ipv4 && group.find('.') != std::string_view::npos) {
            const auto tail = read_ipv4(group);
            if (!tail || used + tail->size() > out.size()) {
                return std::nullopt;
            }
            std::copy(tail->begin(), tail->end(), out.begin() + static_cast<std::ptrdiff_t>(used));
            return used + tail->size();
        }
        const auto value = read_group(group);
        if (!value || used + 2 > out.size()) {
            return std::nullopt;
        }
        out[used++] = static_cast<std::uint8_t>(*value >> 8U);
        out[used++] = static_cast<std::uint8_t>(*value & 0xFFU);
        if (last) {
            break;
        }
        text.remove_prefix(colon + 1);
        if (text.empty()) {
            return std::nullopt;  // ends with a single colon
        }
    }
    return used;
}

/// RFC 4291 section 2.2, all three forms.
std::optional<Ipv6> read_ipv6(std::string_view text) {
    Ipv6 out{};
    const auto gap = text.find("::");
    if (gap == std::string_view::npos) {
        const auto used = read_groups(text, true, out);
        return used && *used == out.size() ? std::optional(out) : std::nullopt;
    }
    Ipv6 head{};
    Ipv6 tail{};
    const auto head_used = read_groups(text.substr(0, gap), false, head);
    const auto tail_used = read_groups(text.substr(gap + 2), true, tail);
    if (!head_used || !tail_used || *head_used + *tail_used > out.size() - 2) {
        return std::nullopt;
    }
    std::copy_n(head.begin(), *head_used, out.begin());
    std::copy_n(tail.begin(), *tail_used, out.end() - static_cast<std::ptrdiff_t>(*tail_used));
    return out;
}

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

bool mapped(const Ipv6& bytes) {
    return std::equal(mapped_prefix.begin(), mapped_prefix.end(), bytes.begin());
}

/// A name to be resolved. A last label of digits only would be a misspelt IPv4 address; one final dot (an absolute name) is kept.
bool resolvable(std::string_view text) {
    if (text.ends_with('.')) {
        text.remove_suffix(1);
    }
    const auto last = text.substr(text.rfind('.') + 1);
    return host_name(text) && !std::all_of(last.begin(), last.end(), ascii_digit);
}

Result<Address> unix_address(std::string_view path) {
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (!path.starts_with('/') || path.ends_with('/') || std::any_of(path.begin(), path.end(), control)) {
        return failure("`unix:" + printable(path) + "` is not a unix socket", {}, "write an absolute path, as in unix:/run/app.sock");
    }
    if (path.size() > longest_unix_path) {
        return failure("the path of a unix socket has at most " + std::to_string(longest_unix_path) + " bytes, this one " +
                           std::to_string(path.size()),
                       {}, "choose a shorter one");
    }
    return Address{.kind = Address::Kind::unix_path, .name = std::string(path)};
}

struct HostPort {
    std::string_view host;
    std::string_view port;
};

Result<HostPort> split_host_port(std::string_view text) {
    const auto quoted = "`" + printable(text) + "`";
    if (text.starts_with('[')) {
        const auto end = text.find("]:");
        if (end == std::string_view::npos) {
            return failure(quoted + " is not an address", {}, "write an IPv6 address with a port as [::1]:80");
        }
        return HostPort{text.substr(0, end + 1), text.substr(end + 2)};
    }
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) {
        return failure(quoted + " has no port", {}, "write HOST:PORT, as in 10.0.0.5:8080");
    }
    if (text.find(':', colon + 1) != std::string_view::npos) {
        return failure(quoted + " is not an address", {}, "write an IPv6 address in brackets, as in [::1]:80, and nothing behind the port");
    }
    return HostPort{text.substr(0, colon), text.substr(colon + 1)};
}

Result<Address> bracketed_address(std::string_view host, std::uint64_t port) {
    const auto bare = host.substr(1, host.size() - 2);
    if (!read_ipv6(bare)) {
        return failure("`" + printable(host) + "` is not an IPv6 address", {}, "only IPv6 addresses stand in brackets, as in [::1]:80");
    }
    return make_address(bare, port);
}

Result<std::uint64_t> parse_port(std::string_view text) {
    auto port = parse_unsigned(text, 65535);
    if (!port || text.size() > 5) {
        return failure("`" + printable(text) + "` is not a port", {}, "a port is a number from 1 to 65535");
    }
    return *port;
}

}  // namespace

bool IpAddress::unspecified() const {
    return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
}

bool IpAddress::loopback() const {
    if (!v6) {
        return bytes[0] == 127;
    }
    return bytes[15] == 1 && std::all_of(bytes.begin(), bytes.end() - 1, [](std::uint8_t b) { return b == 0; });
}

bool IpAddress::link_local() const {
    return v6 ? bytes[0] == 0xFE && (bytes[1] & 0xC0U) == 0x80 : bytes[0] == 169 && bytes[1] == 254;
}

bool IpAddress::multicast() const {
    return v6 ? bytes[0] == 0xFF : (bytes[0] & 0xF0U) == 0xE0;
}

bool IpAddress::broadcast() const {
    return !v6 && std::all_of(bytes.begin(), bytes.begin() + 4, [](std::uint8_t b) { return b == 0xFF; });
}

IpAddress ip_of_v6(const std::array<std::uint8_t, 16>& bytes) {
    IpAddress ip;
    if (mapped(bytes)) {
        std::copy(bytes.begin() + mapped_prefix.size(), bytes.end(), ip.bytes.begin());
        return ip;
    }
    ip.bytes = bytes;
    ip.v6 = true;
    return ip;
}

Result<IpAddress> parse_ip(std::string_view text) {
    if (const auto v4 = read_ipv4(text)) {
        IpAddress ip;
        std::copy(v4->begin(), v4->end(), ip.bytes.begin());
        return ip;
    }
    const auto v6 = read_ipv6(text);
    if (!v6) {
        return failure("`" + printable(text) + "` is not an IP address", {}, "write it as 10.0.0.5 or 2001:db8::1");
    }
    return ip_of_v6(*v6);
}

std::string to_string(const IpAddress& ip) {
    std::string out;
    if (!ip.v6) {
        for (std::size_t part = 0; part < 4; ++part) {
            out += (part == 0 ? "" : ".") + std::to_string(ip.bytes[part]);
        }
        return out;
    }
    std::array<std::uint32_t, 8> groups{};
    for (std::size_t at = 0; at < groups.size(); ++at) {
        groups[at] = (std::uint32_t{ip.bytes[2 * at]} << 8U) | ip.bytes[2 * at + 1];
    }
    // RFC 5952 section 4.2: the longest run of two or more zero groups, the first of equals, becomes `::`.
    std::size_t gap = groups.size();
    std::size_t gap_length = 1;
    for (std::size_t at = 0; at < groups.size(); ++at) {
        const auto end =
            std::find_if(groups.begin() + static_cast<std::ptrdiff_t>(at), groups.end(), [](std::uint32_t g) { return g != 0; });
        const auto length = static_cast<std::size_t>(end - groups.begin()) - at;
        if (length > gap_length) {
            gap = at;
            gap_length = length;
        }
    }
    constexpr std::string_view hex = "0123456789abcdef";
    for (std::size_t at = 0; at < groups.size();) {
        if (at == gap) {
            out += "::";
            at += gap_length;
            continue;
        }
        if (!out.empty() && out.back() != ':') {
            out.push_back(':');
        }
        for (std::uint32_t shift = groups[at] > 0xFFF ? 12U : groups[at] > 0xFF ? 8U : groups[at] > 0xF ? 4U : 0U;; shift -= 4) {
            out.push_back(hex[(groups[at] >> shift) & 0xFU]);
            if (shift == 0) {
                break;
            }
        }
        ++at;
    }
    return out;
}

Result<Address> make_address(std::string_view host, std::uint64_t port) {
    if (port == 0 || port > 65535) {
        return failure("port " + std::to_string(port) + " does not exist", {}, "a port is a number from 1 to 65535");
    }
    Address address{.port = static_cast<std::uint16_t>(port)};
    if (const auto ip = parse_ip(host)) {
        address.ip = *ip;
        return address;
    }
    if (!resolvable(host)) {
        return failure("`" + printable(host) + "` is neither an IP address nor a host name", {},
                       "write it as 10.0.0.5, [2001:db8::1] or web.internal");
    }
    address.kind = Address::Kind::name;
    address.name = ascii_lower(host);
    return address;
}

Result<Address> parse_address(std::string_view text) {
    if (text.starts_with("unix:")) {
        return unix_address(text.substr(5));
    }
    const auto parts = split_host_port(text);
    if (!parts) {
        return tl::unexpected<Error>(parts.error());
    }
    const auto port = parse_port(parts->port);
    if (!port) {
        return tl::unexpected<Error>(port.error());
    }
    return parts->host.starts_with('[') ? bracketed_address(parts->host, *port) : make_address(parts->host, *port);
}

Result<Address> parse_listen_address(std::string_view text) {
    if (text.starts_with("unix:")) {
        return unix_address(text.substr(5));
    }
    const auto parts = split_host_port(text);
    if (!parts) {
        return tl::unexpected<Error>(parts.error());
    }
    const auto port = parse_port(parts->port);
    if (!port) {
        return tl::unexpected<Error>(port.error());
    }
    Address address{.ip = {.v6 = true}, .port = static_cast<std::uint16_t>(*port)};
    if (parts->host.empty()) {
        return address;
    }
    // Through make_address with a port that always exists: here 0 is allowed.
    auto host = parts->host.starts_with('[') ? bracketed_address(parts->host, 1) : make_address(parts->host, 1);
    if (!host) {
        return host;
    }
    if (host->kind == Address::Kind::name) {
        return failure(
            "`" + printable(text) + "` names a host; a listener needs an IP address of this machine", {},
            "write :" + std::to_string(*port) + " for every address or 127.0.0.1:" + std::to_string(*port) + " for this machine only");
    }
    address.ip = host->ip;
    return address;
}

std::string to_string(const Address& address) {
    const auto port = ":" + std::to_string(address.port);
    switch (address.kind) {
        case Address::Kind::unix_path:
            return "unix:" + address.name;
        case Address::Kind::name:
            return address.name + port;
        case Address::Kind::ip:
            break;
    }
    return address.ip.v6 ? "[" + to_string(address.ip) + "]" + port : to_string(address.ip) + port;
}

}  // namespace cardea::config
