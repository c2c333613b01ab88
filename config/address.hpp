#pragma once
// Addresses as values: IP, prefix, and where something listens or is dialled. No resolving, no sockets. Any thread.

#include "config/result.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace cardea::config {

/// An IPv4 or IPv6 address. IPv4-mapped IPv6 input is stored as IPv4, so that equal places compare equal.
struct IpAddress {
    std::array<std::uint8_t, 16> bytes{};  ///< network order; IPv4 uses the first four
    bool v6{false};

    friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
    [[nodiscard]] bool unspecified() const;
    [[nodiscard]] bool loopback() const;
    [[nodiscard]] bool link_local() const;
    [[nodiscard]] bool multicast() const;
    [[nodiscard]] bool broadcast() const;  ///< 255.255.255.255; the broadcast address of a network cannot be told
};

/// The address of these 16 bytes in network order, IPv4 where it is mapped.
[[nodiscard]] IpAddress ip_of_v6(const std::array<std::uint8_t, 16>& bytes);

Result<IpAddress> parse_ip(std::string_view text);  ///< no brackets, no zone
std::string to_string(const IpAddress& ip);         ///< RFC 5952 for IPv6, without brackets

/// A network prefix, `10.0.0.0/8` or a single address.
struct Cidr {
    IpAddress base;
    std::uint8_t bits{0};
    friend auto operator<=>(const Cidr&, const Cidr&) = default;
    [[nodiscard]] bool contains(const IpAddress& ip) const;
};

/// One of the networks holds the address.
[[nodiscard]] bool contains(std::span<const Cidr> networks, const IpAddress& ip);

Result<Cidr> parse_cidr(std::string_view text);
std::string to_string(const Cidr& cidr);

/// A place that can be dialled or listened on.
struct Address {
    enum class Kind : std::uint8_t { ip, name, unix_path };
    Kind kind{Kind::ip};
    IpAddress ip{};         ///< Kind::ip
    std::string name{};     ///< Kind::name: host name, lower case; Kind::unix_path: the path
    std::uint16_t port{0};  ///< 1..65535; 0 for Kind::unix_path and for a listener that lets the kernel choose
    friend auto operator<=>(const Address&, const Address&) = default;
};

/// `10.0.0.5:8080`, `[::1]:80`, `web.internal:80`, `unix:/run/app.sock`.
Result<Address> parse_address(std::string_view text);
/// As parse_address but no host name, and `:8000` for "every address of both families" (an unspecified IPv6 address here).
/// Port 0 lets the kernel choose.
Result<Address> parse_listen_address(std::string_view text);
/// Builds an address out of a registry's host and port; a host is an IP literal or an RFC 1123 name (and '_' in it).
Result<Address> make_address(std::string_view host, std::uint64_t port);
std::string to_string(const Address& address);  ///< IPv6 bracketed, `unix:` in front of a path

}  // namespace cardea::config
