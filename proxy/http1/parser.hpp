#pragma once
// HTTP/1 heads to canonical heads, strictly (RFC 9112 sections 2-6, RFC 9110 sections 5-7): what is ambiguous is refused.
// The start line is read by hand, because llhttp refuses methods it does not know and accepts protocols we must refuse;
// llhttp reads the field section, unless it is plain; what the fields mean together is decided in proxy/http. Sans-I/O, no allocation,
// re-entrant; any thread.

#include "proxy/http/head.hpp"
#include "proxy/http/status_error.hpp"
#include "proxy/http1/body_reader.hpp"
#include "proxy/http1/head_end.hpp"

#include <cstddef>
#include <string_view>

namespace cardea::http1 {

struct RequestLimits {
    std::size_t max_request_line{std::size_t{16} * 1024};
    std::size_t max_head_bytes{std::size_t{32} * 1024};
    std::size_t max_fields{100};
    std::size_t max_field_line{std::size_t{16} * 1024};
};

/// For a head that has not ended yet: Reason::none while it may go on, uri_too_long, headers_too_large or bad_request
/// (a complete line that is no request line) when it cannot become good.
[[nodiscard]] http::Reason check_partial_request(std::string_view bytes, const RequestLimits& limits);

/// `head_bytes` is exactly one head, empty line included; `out`'s views point into it. Reason::none when it is good.
/// Sets everything of RequestHead including framing, keep_alive, host, path, query; what was not reached of a refused one has
/// its default. On any other reason the connection must be closed after the answer: nobody knows where the request ends.
[[nodiscard]] http::Reason parse_request(std::string_view head_bytes, const RequestLimits& limits, http::RequestHead& out);

/// `request_method` decides whether a body follows (RFC 9112 section 6.3). Interim (1xx) heads are parsed like others.
/// Reason::none or Reason::upstream_malformed.
[[nodiscard]] http::Reason parse_response(std::string_view head_bytes, http::Method request_method, std::size_t max_fields,
                                          http::ResponseHead& out);

/// The same for a whole head in front of `bytes` that is as nearly all are, found and read in one go: its length, or 0 when
/// only find_head_end() and parse_response() can tell what is there.
[[nodiscard]] std::size_t parse_plain_response(std::string_view bytes, http::Method request_method, std::size_t max_fields,
                                               http::ResponseHead& out);

/// The method of a request line; Method::other for a token that has no name here. Case-sensitive (RFC 9110 section 9.1).
[[nodiscard]] http::Method method_of(std::string_view text);

}  // namespace cardea::http1
