#pragma once
// Canonical heads to HTTP/1 bytes. What goes out is rebuilt from the parsed form, never copied as received: framing is
// decided once and written once (reliability.md section 1, line 10). Sans-I/O, no allocation; writes into the caller's block.

#include "config/config.hpp"
#include "proxy/http/forwarded.hpp"
#include "proxy/http/head.hpp"
#include "proxy/http/status_error.hpp"

#include <cstddef>
#include <span>
#include <string_view>

namespace cardea::http1 {

/// Appends into a fixed block; remembers an overflow instead of failing at each step.
class Out {
public:
    explicit Out(std::span<char> block) : begin_(block.data()), at_(block.data()), end_(block.data() + block.size()) {}
    void put(std::string_view text);
    void put(char c);
    void put_number(std::uint64_t value);
    [[nodiscard]] std::string_view text() const { return {begin_, static_cast<std::size_t>(at_ - begin_)}; }
    [[nodiscard]] bool overflowed() const { return overflowed_; }

private:
    char* begin_;
    char* at_;
    char* end_;
    bool overflowed_{false};
};

/// The request as the endpoint gets it: origin-form target byte for byte, Host, end-to-end fields in order with
/// hop-by-hop ones and those named by Connection removed, forwarding fields replaced by `forwarded`'s, route edits,
/// framing (Content-Length or chunked as `head.framing` says), Upgrade when asked.
void write_request(const http::RequestHead& head, const http::Forwarded& forwarded, const config::HeaderEdits& edits,
                   std::string_view upstream_host, Out& out);

struct ResponseContext {
    http::Version client_version{http::Version::http11};
    http::Method method{http::Method::get};
    bool close{false};               ///< say Connection: close
    std::string_view via{};          ///< pseudonym
    std::string_view date{};         ///< IMF-fixdate, written when the upstream sent none (RFC 9110 section 6.6.1)
};
/// The framing to use towards the client for a body that arrives as `head.framing` (chunked, or close for HTTP/1.0).
[[nodiscard]] http::Framing downstream_framing(const http::ResponseHead& head, const ResponseContext& context);
void write_response(const http::ResponseHead& head, const config::HeaderEdits& edits, const ResponseContext& context, Out& out);

/// An answer of our own: head and short body in one piece.
struct Reply {
    std::uint16_t status{500};
    http::Reason reason{http::Reason::none};
    std::string_view body{};                                  ///< empty: the status' phrase and a line feed
    std::string_view extra_fields{};                          ///< whole field lines (`Retry-After: 1\r\n`)
    bool close{false};
    bool show_reason{true};
    bool head_only{false};                                    ///< answer to HEAD: Content-Length without the body
    std::string_view date{};
};
void write_reply(const Reply& reply, Out& out);

/// `1a\r\n`; data and "\r\n" follow. Returns the text in `room`.
[[nodiscard]] std::string_view chunk_header(std::size_t size, std::span<char, 20> room);
inline constexpr std::string_view chunk_end = "\r\n";
inline constexpr std::string_view last_chunk = "0\r\n\r\n";  ///< without trailers: "0\r\n" + trailer lines + "\r\n"

}  // namespace cardea::http1
