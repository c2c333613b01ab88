#pragma once
// How long a body is, decided here and nowhere else (RFC 9112 section 6.3), more strictly than it asks: what two readers
// could measure differently is refused. Pure, no allocation; any thread.

#include "proxy/http/head.hpp"
#include "proxy/http/status_error.hpp"

#include <cstdint>

namespace cardea::http {

/// Reason::none; bad_framing (400) for a length or coding that is malformed, repeated or in conflict, and for
/// Transfer-Encoding on HTTP/1.0; not_implemented (501) for a coding other than chunked.
[[nodiscard]] Reason request_framing(const Fields& fields, Version version, Framing& out);

/// False when the answer's framing is malformed, repeated or in conflict, or its coding is not exactly chunked.
/// A Content-Length on an answer without body (HEAD, 304) is checked and describes nothing here.
[[nodiscard]] bool response_framing(const Fields& fields, Version version, std::uint16_t status, Method request_method, Framing& out);

/// 1*DIGIT, at most 18 of them: below 2^63 whoever adds to it.
[[nodiscard]] bool read_content_length(std::string_view text, std::uint64_t& out);

}  // namespace cardea::http
