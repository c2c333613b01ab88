#pragma once
// HTTP/1 bytes to canonical heads, strictly (RFC 9112 sections 2-7, RFC 9110 sections 5-7): what is ambiguous is refused.
// llhttp does the grammar; what it lets through and we must refuse, and what it refuses and we must accept, is in
// parser.cpp (architecture.md section 7). Sans-I/O, no allocation, re-entrant; any thread.

#include "proxy/http/head.hpp"
#include "proxy/http/status_error.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace cardea::http1 {

/// Finds the end of a head (the empty line) in bytes that grow, looking at each byte once.
/// Returns the length of the head with its empty line, or 0 when more is needed. `scanned` is the caller's memory
/// between calls (start with 0). Up to four leading CRLFs before a request line count as part of the head.
[[nodiscard]] std::size_t find_head_end(std::string_view bytes, std::size_t& scanned);

struct RequestLimits {
    std::size_t max_request_line{16 * 1024};
    std::size_t max_head_bytes{32 * 1024};
    std::size_t max_fields{100};
};

/// `head_bytes` is exactly one head, empty line included; `out`'s views point into it. Reason::none when it is good.
/// Sets everything of RequestHead including framing, keep_alive, host, path, query.
[[nodiscard]] http::Reason parse_request(std::string_view head_bytes, const RequestLimits& limits, http::RequestHead& out);

/// `request_method` decides whether a body follows (RFC 9112 section 6.3). Interim (1xx) heads are parsed like others.
/// Reason::none or Reason::upstream_malformed.
[[nodiscard]] http::Reason parse_response(std::string_view head_bytes, http::Method request_method, std::size_t max_fields,
                                          http::ResponseHead& out);

/// Takes a body apart, one read at a time, without copying.
class BodyReader {
public:
    BodyReader() = default;
    explicit BodyReader(http::Framing framing);

    enum class State : std::uint8_t { more, done, failed };
    struct Step {
        std::size_t consumed{0};     ///< bytes of the input that are spent, framing included
        std::string_view data{};     ///< payload inside those bytes; may be empty (framing only)
        State state{State::more};    ///< failed: malformed chunk or trailer; the connection must go
    };
    /// Takes at least one byte unless the body is done; call again with the rest while `consumed` < input and `more`.
    [[nodiscard]] Step read(std::string_view input);
    [[nodiscard]] bool done() const;
    /// The peer closed: fine for until_close, else the body is cut short.
    [[nodiscard]] State on_eof();
    /// Bytes of payload still to come for Framing::Kind::length, else 0.
    [[nodiscard]] std::uint64_t remaining() const;
    /// Trailer section as received (field lines without the final empty line), once done; limited to 8 KiB, 32 fields,
    /// with framing, routing and trust fields removed. Empty for most.
    [[nodiscard]] std::string_view trailers() const;

private:
    // Owner of this room: choose the representation (a small hand-written chunk machine; <= 64 bytes without trailers).
};

}  // namespace cardea::http1
