#pragma once
// Small questions about text that several readers ask. Pure functions, no allocation unless they return a string. Any thread.

#include <cstddef>
#include <string>
#include <string_view>

namespace cardea::config {

/// Bytes of the UTF-8 character that `text` begins with (RFC 3629: shortest form, no surrogates), 0 when it begins with none.
[[nodiscard]] std::size_t utf8_length(std::string_view text);
[[nodiscard]] bool valid_utf8(std::string_view text);

[[nodiscard]] constexpr bool ascii_digit(char c) {
    return c >= '0' && c <= '9';
}
[[nodiscard]] constexpr bool ascii_alpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
[[nodiscard]] constexpr char ascii_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
[[nodiscard]] std::string ascii_lower(std::string_view text);
[[nodiscard]] std::string_view trim(std::string_view text);  ///< without blanks and tabs around it

/// A field name or method: RFC 9110 section 5.6.2 `token`, at least one character.
[[nodiscard]] bool http_token(std::string_view text);
/// A field value as RFC 9110 section 5.5 allows it: no control characters but tab, no white space around it; may be empty.
[[nodiscard]] bool http_field_value(std::string_view text);

/// Quotes what a message shows of foreign text: control characters and bytes that are no UTF-8 as \xNN, cut after `max` bytes.
[[nodiscard]] std::string printable(std::string_view text, std::size_t max = 80);

}  // namespace cardea::config
