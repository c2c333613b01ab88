#pragma once
// One finished exchange, as access log and metrics see it. Filled by the exchange on its way, views live until it ends.

#include "proxy/http/status_error.hpp"

#include <cstdint>
#include <string_view>

namespace cardea::observe {

struct Record {
    std::string_view client_ip{};       ///< after trusted_proxies
    std::string_view request_line{};    ///< as received, `GET /x HTTP/1.1`; empty when none was readable
    std::string_view host{}, referer{}, user_agent{}, request_id{};
    std::string_view service{}, endpoint{};
    std::uint16_t status{0};
    http::Reason reason{http::Reason::none};
    std::uint64_t body_bytes{0};        ///< sent to the client, without head and chunk framing (nginx $body_bytes_sent)
    std::uint64_t duration_us{0};
    std::uint32_t attempts{0};
};

}  // namespace cardea::observe
