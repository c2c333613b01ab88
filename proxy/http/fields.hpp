#pragma once
// Header fields of one message and what the proxy itself has to know about their names. The names are looked at once,
// when a field is pushed; everything later asks for an id or a bit. Views only, no allocation. One worker.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace cardea::http {

/// The names that mean something to an intermediary. Everything else is `other` and passes through untouched.
enum class FieldId : std::uint8_t {
    other,
    host,
    content_length,
    transfer_encoding,
    expect,
    max_forwards,
    via,
    date,
    trailer,  // framing and routing
    connection,
    keep_alive,
    proxy_connection,
    te,
    upgrade,
    http2_settings,  // this connection only (RFC 9110 section 7.6.1)
    proxy_authenticate,
    proxy_authorization,  // this hop only (sections 11.7.1, 11.7.2)
    forwarded,
    x_forwarded_for,
    x_forwarded_proto,
    x_forwarded_host,
    x_forwarded_port,  // who the client is
    x_forwarded_other,
    x_real_ip,
    x_request_id,
    framing_twin,  ///< `Content_Length`, `Transfer-Encoding` with '_': what some readers would measure a message by
    twin,          ///< one of the above with '_' for '-', or `Proxy`: CGI-like origins would read it as the real one
    user_agent,
    referer,  // access log
    count_,
};

/// `name` is a token (RFC 9110 section 5.1), in any case.
[[nodiscard]] FieldId identify(std::string_view name);

/// A set of names, made by the compiler, for what is asked of every field of a message.
class FieldSet {
public:
    template <typename Belongs>
    explicit consteval FieldSet(Belongs belongs) {
        for (unsigned id = 0; id < static_cast<unsigned>(FieldId::count_); ++id) {
            members_ |= belongs(static_cast<FieldId>(id)) ? std::uint32_t{1} << id : 0U;
        }
    }
    [[nodiscard]] constexpr bool has(FieldId id) const { return (members_ >> static_cast<unsigned>(id) & 1U) != 0; }

private:
    std::uint32_t members_{0};
};

struct Field {
    std::string_view name;   ///< as received
    std::string_view value;  ///< without surrounding white space (RFC 9110 section 5.5)
    FieldId id{FieldId::other};
    bool canonical{false};  ///< received as exactly `name: value\r\n`: neighbours can be copied in one piece
};

/// Fields in the order received; a fixed array, because the count is limited anyway (max_header_count <= capacity).
class Fields {
public:
    static constexpr std::size_t capacity = 256;
    /// Identifies the name; `canonical` only when the bytes around the views are known.
    [[nodiscard]] bool push(std::string_view name, std::string_view value, bool canonical = false);
    [[nodiscard]] bool push(const Field& field) { return push(field.name, field.value, field.canonical); }
    void clear();
    [[nodiscard]] std::span<const Field> all() const { return {fields_.data(), count_}; }
    [[nodiscard]] std::size_t size() const { return count_; }

    [[nodiscard]] bool has(FieldId id) const { return (seen_ & bit(id)) != 0; }
    [[nodiscard]] bool repeated(FieldId id) const { return (repeated_ & bit(id)) != 0; }
    /// The first field with that id, nullptr when there is none.
    [[nodiscard]] const Field* find(FieldId id) const { return has(id) ? find_present(id) : nullptr; }
    [[nodiscard]] std::string_view value(FieldId id) const {  ///< of the first; empty when there is none
        return has(id) ? find_present(id)->value : std::string_view{};
    }

private:
    [[nodiscard]] const Field* find_present(FieldId id) const;
    static constexpr std::uint32_t bit(FieldId id) { return std::uint32_t{1} << static_cast<unsigned>(id); }
    std::array<Field, capacity> fields_;
    std::size_t count_{0};
    std::uint32_t seen_{0}, repeated_{0};
};
static_assert(static_cast<unsigned>(FieldId::count_) <= 32);

/// Names and most tokens compare without case (RFC 9110 section 5.1); `lower` is lower case already.
[[nodiscard]] bool equals_lower(std::string_view text, std::string_view lower);
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

/// Takes the next member off a comma-separated list (RFC 9110 section 5.6.1), without white space; empty ones are skipped.
/// False at the end. Quoted strings are not understood: for lists of tokens.
[[nodiscard]] bool next_member(std::string_view& list, std::string_view& member);

}  // namespace cardea::http
