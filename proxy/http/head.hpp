#pragma once
// The canonical head in the middle: what every wire's codec reads into and writes from. Views point into memory that
// the exchange owns for its whole life, so a head costs no allocation. One worker; no synchronisation.

#include "proxy/http/fields.hpp"

#include <cstdint>
#include <string_view>

namespace cardea::http {

enum class Version : std::uint8_t { http10, http11 };

/// How long a body is: decided once, by framing.hpp, from the received head (RFC 9112 section 6.3).
struct Framing {
    enum class Kind : std::uint8_t { none, length, chunked, until_close };
    Kind kind{Kind::none};
    std::uint64_t length{0};  ///< Kind::length
};

enum class Method : std::uint8_t { get, head, post, put, del, options, trace, connect, patch, other };

[[nodiscard]] constexpr bool safe(Method m) {
    return m == Method::get || m == Method::head || m == Method::options || m == Method::trace;
}
/// RFC 9110 section 9.2.2; a method we do not know is not.
[[nodiscard]] constexpr bool idempotent(Method m) {
    return safe(m) || m == Method::put || m == Method::del;
}

struct RequestHead {
    std::string_view method_text;
    Method method{Method::other};
    std::string_view target;     ///< as received
    std::string_view authority;  ///< of an absolute-form target, else the Host field; may be empty on HTTP/1.0
    std::string_view host;       ///< authority without port and brackets; case as received
    std::string_view path;       ///< origin-form path as received; "*" for OPTIONS *
    std::string_view query;      ///< without '?'
    bool has_query{false};       ///< a lone '?' is forwarded as it came
    Version version{Version::http11};
    Framing framing{};
    bool keep_alive{true};        ///< the client allows another request
    bool expect_continue{false};  ///< the client waits for 100 (Continue); cleared by whoever has answered it
    bool upgrade{false};          ///< Connection: upgrade and an Upgrade field, an empty body
    std::string_view upgrade_protocol;
    bool connection_names_fields{false};  ///< Connection lists fields that would go on
    Fields fields;
};

/// Max-Forwards is used up: OPTIONS and TRACE end here, whatever they ask (RFC 9110 section 7.6.2).
[[nodiscard]] inline bool is_last_hop(const RequestHead& head) {
    const auto hops = head.fields.value(FieldId::max_forwards);
    return (head.method == Method::options || head.method == Method::trace) && !hops.empty() &&
           hops.find_first_not_of('0') == std::string_view::npos;
}

struct ResponseHead {
    std::uint16_t status{0};
    std::string_view reason;
    Version version{Version::http11};
    Framing framing{};
    bool keep_alive{true};                ///< the upstream connection can be used again after this answer
    std::string_view keep_alive_timeout;  ///< value of Keep-Alive: timeout=N when sent
    bool connection_names_fields{false};  ///< Connection lists fields that would go on
    Fields fields;
};

}  // namespace cardea::http
