#pragma once
// The canonical head in the middle: what every wire's codec reads into and writes from. Views point into memory that
// the exchange owns for its whole life, so a head costs no allocation. One worker; no synchronisation.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace cardea::http {

struct Field {
    std::string_view name;   ///< as received
    std::string_view value;  ///< without surrounding white space (RFC 9110 section 5.5)
};

/// Fields in the order received; a fixed array, because the count is limited anyway (max_header_count <= capacity).
class Fields {
public:
    static constexpr std::size_t capacity = 256;
    [[nodiscard]] bool push(Field field) {
        if (count_ == capacity) {
            return false;
        }
        fields_[count_++] = field;
        return true;
    }
    void clear() { count_ = 0; }
    [[nodiscard]] std::span<const Field> all() const { return {fields_.data(), count_}; }
    [[nodiscard]] std::size_t size() const { return count_; }

private:
    std::array<Field, capacity> fields_;
    std::size_t count_{0};
};

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
[[nodiscard]] constexpr bool idempotent(Method m) { return safe(m) || m == Method::put || m == Method::del; }

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
    bool keep_alive{true};       ///< the client allows another request
    bool expect_continue{false};
    bool upgrade{false};         ///< Connection: upgrade and an Upgrade field, no body
    std::string_view upgrade_protocol;
    Fields fields;
};

struct ResponseHead {
    std::uint16_t status{0};
    std::string_view reason;
    Version version{Version::http11};
    Framing framing{};
    bool keep_alive{true};       ///< the upstream connection can be used again after this answer
    std::string_view keep_alive_timeout;  ///< value of Keep-Alive: timeout=N when sent
    Fields fields;
};

}  // namespace cardea::http
