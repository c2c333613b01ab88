#pragma once
// Small questions about text that several readers ask. Pure functions, no allocation unless they return a string. Any thread.

#include <array>
#include <cstddef>
#include <optional>
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

/// Without blanks and tabs around it.
[[nodiscard]] constexpr std::string_view trim(std::string_view text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && blank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

/// A set of characters, made by the compiler, for what is asked of every byte of a request: one look-up an answer.
class CharSet {
public:
    template <typename Belongs>
    explicit consteval CharSet(Belongs belongs) {
        for (std::size_t byte = 0; byte < members_.size(); ++byte) {
            members_[byte] = belongs(static_cast<char>(byte));
        }
    }
    [[nodiscard]] constexpr bool has(char c) const { return members_[static_cast<unsigned char>(c)]; }
    [[nodiscard]] constexpr bool has_all_of(std::string_view text) const {
        for (const char c : text) {
            if (!has(c)) {
                return false;
            }
        }
        return true;
    }

private:
    std::array<bool, 256> members_{};
};

/// Every byte but RFC 3986 `unreserved` as %XX, and back; the way back fails on a `%` without two hexadecimal digits.
[[nodiscard]] std::string percent_encode(std::string_view text);
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

/// The value of a hexadecimal digit, -1 for any other character.
[[nodiscard]] constexpr int hex_digit(char c) {
    const char lower = ascii_lower(c);
    return ascii_digit(c) ? c - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}
/// RFC 3986 section 2.3.
[[nodiscard]] constexpr bool unreserved(char c) {
    return ascii_alpha(c) || ascii_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/// RFC 1123 section 2.1 and RFC 1035 section 2.3.4: labels of letters, digits and hyphens, and underscores, because DNS and
/// container names carry them. Without a final dot.
[[nodiscard]] bool host_name(std::string_view text);

/// RFC 9110 section 5.6.2 `tchar`.
inline constexpr CharSet token_chars([](char c) {
    return ascii_digit(c) || ascii_alpha(c) || std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
});
/// What stands for itself between double quotes, in JSON and in a log line.
inline constexpr CharSet unquoted_chars([](char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; });
/// A field name or method: RFC 9110 section 5.6.2 `token`, at least one character.
[[nodiscard]] bool http_token(std::string_view text);
/// A field value as RFC 9110 section 5.5 allows it: no control characters but tab, no white space around it; may be empty.
[[nodiscard]] bool http_field_value(std::string_view text);

/// Quotes what a message shows of foreign text: control characters and bytes that are no UTF-8 as \xNN, cut after `max` bytes.
[[nodiscard]] std::string printable(std::string_view text, std::size_t max = 80);

}  // namespace cardea::config
