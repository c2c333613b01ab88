#pragma once
// Who the client is and what the endpoint is told about it: X-Forwarded-*, X-Real-IP, Forwarded, Via, X-Request-Id.
// Believed from the peer only when it is a trusted proxy; replaced otherwise. One worker.

#include "config/address.hpp"
#include "config/config.hpp"
#include "proxy/http/head.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace cardea::http {

struct Peer {
    config::IpAddress address{};
    bool trusted{false};
    std::uint16_t local_port{0};      ///< the port it came in on; 0: a unix socket
    std::string_view address_text{};  ///< lives as long as the connection
};

/// Ready-made values for the serializer. Views live as long as the request head, the peer and the policy.
struct Forwarded {
    std::string_view client_ip{};  ///< X-Real-IP: the nearest address that is not a trusted proxy
    std::string_view peer_ip{};    ///< appended to X-Forwarded-For
    std::string_view proto{"http"};
    std::string_view host{};
    std::string_view port{};          ///< X-Forwarded-Port; empty: there is none
    std::string_view via{};           ///< our pseudonym; "1.1 cardea" is appended to a received Via
    std::string_view request_id{};    ///< received from a trusted peer, or ours
    bool trusted_peer{false};         ///< its X-Forwarded-For and Forwarded are kept and appended to, other X-Forwarded-* pass
    bool rfc7239{false};              ///< also write Forwarded
    std::array<char, 8> port_room{};  ///< backing store of `port`,
    std::uint16_t port_written{0};    ///< which holds this one
    std::uint8_t port_digits{0};
    std::array<char, 32> id_room{};  ///< backing store of `request_id`
};

/// True for a field of the received head that does not go on because it is ours to write, because its sender may not say
/// such things, or because it is spelled to be taken for one of these (`X_Forwarded_For`, `Proxy`).
[[nodiscard]] constexpr bool is_replaced(FieldId id, bool trusted_peer) {
    const bool of_a_proxy = id == FieldId::forwarded || id == FieldId::x_forwarded_other;
    return (id >= FieldId::forwarded && id <= FieldId::twin) && !(of_a_proxy && trusted_peer);
}

/// A request that has come by here this often goes round in circles (RFC 9110 section 7.6); a chain of front doors of the same
/// name is shorter, and one that is not takes another name (`headers.via`).
inline constexpr unsigned max_own_hops = 8;
/// How many members of Via carry our pseudonym (RFC 9110 section 7.6.3).
[[nodiscard]] unsigned own_hops(const Fields& fields, std::string_view pseudonym);

/// `id_seed` makes the request id when none is believed; `out` must not move afterwards (it backs its own views).
void fill_forwarded(const RequestHead& head, const Peer& peer, std::span<const config::Cidr> trusted, const config::Headers& policy,
                    std::uint64_t id_seed, Forwarded& out);

}  // namespace cardea::http
