#pragma once
// Why an exchange ended with an answer of our own: one reason, one status, one counter, one word in the access log.

#include <cstdint>
#include <string_view>

namespace cardea::http {

enum class Reason : std::uint8_t {
    none,
    bad_request,
    bad_host,
    bad_framing,
    bad_target,          // 400
    no_route,            // 404
    method_not_allowed,  // 405
    client_timeout,      // 408
    body_too_large,      // 413
    uri_too_long,        // 414
    expectation_failed,  // 417
    misdirected,         // 421
    headers_too_large,
    too_many_headers,
    header_line_too_long,  // 431
    internal,              // 500
    not_implemented,       // 501: CONNECT, transfer coding
    upstream_reset,
    upstream_malformed,
    upstream_closed,  // 502: reached an endpoint and lost it
    no_endpoint,
    connect_failed,
    overloaded,
    too_many_pending,
    starting,
    queue_full,
    queue_timeout,
    shutting_down,  // 503 with Retry-After
    first_byte_timeout,
    response_timeout,       // 504
    version_not_supported,  // 505
    loop_detected,          // 508
    client_closed,          // 499 in logs only: nothing was sent
    count_,
};

[[nodiscard]] std::uint16_t status_of(Reason reason);
[[nodiscard]] std::string_view name_of(Reason reason);  ///< snake_case, as in metrics, logs and X-Cardea-Reason

}  // namespace cardea::http
