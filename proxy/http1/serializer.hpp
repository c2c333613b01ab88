#pragma once
// Canonical heads to HTTP/1 bytes. What goes out is rebuilt from the parsed form, never copied as received: framing is
// decided once and written once (reliability.md section 1, line 10). Sans-I/O, no allocation; writes into the caller's block.

#include "config/config.hpp"
#include "proxy/http/forwarded.hpp"
#include "proxy/http/head.hpp"
#include "proxy/http/status_error.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace cardea::http1 {

/// Appends into a fixed block; remembers an overflow instead of failing at each step.
class Out {
public:
    explicit Out(std::span<char> block) : begin_(block.data()), at_(block.data()), end_(block.data() + block.size()) {}
    void put(std::string_view text) {
        if (has_room(text.size())) {
            at_ = copy(at_, text);
        }
    }
    void put(char c) { put(std::string_view{&c, 1}); }
    /// `label` (a name with its colon and blank), `value` and the end of the line.
    void put_line(std::string_view label, std::string_view value) {
        if (has_room(label.size() + value.size() + 2)) {
            std::memcpy(at_, label.data(), label.size());  // a few moves where the compiler knows the label
            char* const end = copy(at_ + label.size(), value);
            std::memcpy(end, "\r\n", 2);  // NOLINT(bugprone-not-null-terminated-result): no C string
            at_ = end + 2;
        }
    }
    void put_number_line(std::string_view label, std::uint64_t value);    ///< decimal
    void put_status_line(std::uint16_t status, std::string_view phrase);  ///< `status` has three digits
    [[nodiscard]] std::string_view text() const { return {begin_, static_cast<std::size_t>(at_ - begin_)}; }
    [[nodiscard]] bool overflowed() const { return overflowed_; }  ///< the text is useless then

private:
    bool has_room(std::size_t size) {
        if (static_cast<std::size_t>(end_ - at_) < size) [[unlikely]] {
            overflowed_ = true;
            return false;
        }
        return true;
    }
    /// Most of what is written is shorter than a call of memcpy is worth, or of this. Returns where it ends.
    [[gnu::always_inline]] static char* copy(char* to, std::string_view text) {
        const char* const from = text.data();
        const std::size_t size = text.size();
        if (size > 16) {
            std::memcpy(to, from, size);
        } else if (size >= 8) {
            copy_halves<8>(to, from, size);
        } else if (size >= 4) {
            copy_halves<4>(to, from, size);
        } else if (size >= 2) {
            copy_halves<2>(to, from, size);
        } else if (size == 1) {
            *to = *from;
        }
        return to + size;
    }
    /// Half to twice half bytes as two halves that may overlap.
    template <std::size_t half>
    static void copy_halves(char* to, const char* from, std::size_t size) {
        std::array<char, half> first;
        std::array<char, half> last;
        std::memcpy(first.data(), from, half);
        std::memcpy(last.data(), from + size - half, half);
        std::memcpy(to, first.data(), half);
        std::memcpy(to + size - half, last.data(), half);
    }
    char* begin_;
    char* at_;
    char* end_;
    bool overflowed_{false};
};

/// What a rewritten request head may be longer than the received one, `edits` and the values in `forwarded` aside: forwarding
/// fields, Via, Host, framing. A block of max_head_bytes + request_growth + 2 * (host, edits) does not overflow.
inline constexpr std::size_t request_growth = 1024;

/// The request as the endpoint gets it: origin-form target byte for byte, Host, end-to-end fields in order with
/// hop-by-hop ones and those named by Connection removed, forwarding fields replaced by `forwarded`'s, route edits,
/// framing (Content-Length or chunked as `head.framing` says), Upgrade when asked.
/// Host is `upstream_host`, else the client's (of an absolute-form target its authority); an HTTP/1.0 request may have none,
/// then it is empty. Expect goes along, in one spelling, while `head.expect_continue` is set: clear it to answer yourself.
/// Max-Forwards is one less than received (RFC 9110 section 7.6.2; OPTIONS and TRACE).
/// Host, Via, Expect, framing and hop-by-hop fields are not a route's to decide: the configuration refuses such edits.
void write_request(const http::RequestHead& head, const http::Forwarded& forwarded, const config::HeaderEdits& edits,
                   std::string_view upstream_host, Out& out);

struct ResponseContext {
    http::Version client_version{http::Version::http11};
    http::Method method{http::Method::get};
    bool close{false};        ///< say Connection: close
    std::string_view via{};   ///< pseudonym
    std::string_view date{};  ///< IMF-fixdate, written when the upstream sent none (RFC 9110 section 6.6.1)
};
/// The framing to use towards the client for a body that arrives as `head.framing`: its own length, else chunked, or until
/// close for an HTTP/1.0 client, whose connection then ends with the body whatever `close` says.
[[nodiscard]] http::Framing downstream_framing(const http::ResponseHead& head, const ResponseContext& context);

/// The answer as the client gets it: hop-by-hop fields and those named by Connection removed, route edits, Via, Date when
/// missing, framing as downstream_framing says. An answer without body (HEAD, 304) keeps its Content-Length. Interim (1xx)
/// heads come without Via, Date and framing; 101 and 426 with the Upgrade of the endpoint. Never write an interim one to an
/// HTTP/1.0 client.
void write_response(const http::ResponseHead& head, const config::HeaderEdits& edits, const ResponseContext& context, Out& out);

/// An answer of our own: head and short body in one piece.
struct Reply {
    std::uint16_t status{500};
    http::Reason reason{http::Reason::none};
    std::string_view body{};          ///< empty: the status' phrase and a line feed
    std::string_view extra_fields{};  ///< whole field lines (`Retry-After: 1\r\n`)
    bool close{false};
    bool show_reason{true};
    bool head_only{false};                                ///< answer to HEAD: Content-Length without the body
    http::Version client_version{http::Version::http11};  ///< an HTTP/1.0 client is told that the connection stays
    std::string_view date{};
};
void write_reply(const Reply& reply, Out& out);

/// `1a\r\n`; data and "\r\n" follow. Returns the text in `room`.
[[nodiscard]] std::string_view chunk_header(std::size_t size, std::span<char, 20> room);
inline constexpr std::string_view chunk_end = "\r\n";
inline constexpr std::string_view last_chunk = "0\r\n\r\n";  ///< without trailers: "0\r\n" + trailer lines + "\r\n"

}  // namespace cardea::http1
