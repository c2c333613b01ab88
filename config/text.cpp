#include "config/text.hpp"

#include <algorithm>

namespace cardea::config {

std::size_t utf8_length(std::string_view text) {
    if (text.empty()) {
        return 0;
    }
    const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned char first = byte(0);
    if (first < 0x80) {
        return 1;
    }
    const std::size_t length = first >= 0xC2 && first <= 0xDF ? 2 : (first & 0xF0U) == 0xE0 ? 3 : first >= 0xF0 && first <= 0xF4 ? 4 : 0;
    if (length == 0 || text.size() < length) {
        return 0;
    }
    for (std::size_t at = 1; at < length; ++at) {
        if ((byte(at) & 0xC0U) != 0x80) {
            return 0;
        }
    }
    const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
    const bool surrogate = first == 0xED && byte(1) > 0x9F;
    const bool too_large = first == 0xF4 && byte(1) > 0x8F;
    return overlong || surrogate || too_large ? 0 : length;
}

bool valid_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

std::string ascii_lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) { return ascii_lower(c); });
    return out;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        if (unreserved(c)) {
            out.push_back(c);
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out.push_back('%');
        out.push_back(digits[byte >> 4U]);
        out.push_back(digits[byte & 15U]);
    }
    return out;
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%') {
            out.push_back(text[at]);
            continue;
        }
        const int high = at + 2 < text.size() ? hex_digit(text[at + 1]) : -1;
        const int low = at + 2 < text.size() ? hex_digit(text[at + 2]) : -1;
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        out.push_back(static_cast<char>(high * 16 + low));
        at += 2;
    }
    return out;
}

bool host_name(std::string_view text) {
    constexpr std::size_t longest_name = 253;
    constexpr std::size_t longest_label = 63;
    if (text.size() > longest_name) {
        return false;
    }
    for (;;) {
        const auto dot = text.find('.');
        const auto label = text.substr(0, dot);
        const auto allowed = [](char c) { return ascii_digit(c) || ascii_alpha(c) || c == '-' || c == '_'; };
        if (label.empty() || label.size() > longest_label || label.front() == '-' || label.back() == '-' ||
            !std::all_of(label.begin(), label.end(), allowed)) {
            return false;
        }
        if (dot == std::string_view::npos) {
            return true;
        }
        text.remove_prefix(dot + 1);
    }
}

bool http_token(std::string_view text) {
    return !text.empty() && token_chars.has_all_of(text);
}

bool http_field_value(std::string_view text) {
    static constexpr CharSet visible([](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte >= 0x20 || c == '\t') && byte != 0x7F;
    });
    return text.size() == trim(text).size() && visible.has_all_of(text);
}

namespace {

/// A character of UTF-8 that a terminal obeys instead of showing it: the C1 controls (U+009B begins a sequence as ESC [ does)
/// and those that turn the direction of what follows.
bool obeyed(std::string_view character) {
    constexpr auto in = [](char c, unsigned char low, unsigned char high) {
        return static_cast<unsigned char>(c) >= low && static_cast<unsigned char>(c) <= high;
    };
    const bool control = character.size() == 2 && character[0] == '\xC2' && in(character[1], 0x80, 0x9F);
    const bool turning = character.size() == 3 && character[0] == '\xE2' &&
                         ((character[1] == '\x80' && (in(character[2], 0xAA, 0xAE) || in(character[2], 0x8E, 0x8F))) ||
                          (character[1] == '\x81' && in(character[2], 0xA6, 0xA9)));
    return control || turning;
}

}  // namespace

std::string printable(std::string_view text, std::size_t max) {
    constexpr std::string_view hex = "0123456789abcdef";
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        if (out.size() >= max) {
            return out + "...";
        }
        const std::size_t length = utf8_length(text.substr(at));
        const auto byte = static_cast<unsigned char>(text[at]);
        if (length == 0 || byte < 0x20 || byte == 0x7F || obeyed(text.substr(at, length))) {
            for (const auto end = at + std::max<std::size_t>(length, 1); at < end; ++at) {
                out += "\\x";
                out.push_back(hex[static_cast<unsigned char>(text[at]) >> 4U]);
                out.push_back(hex[static_cast<unsigned char>(text[at]) & 15U]);
            }
        } else {
            out.append(text.substr(at, length));
            at += length;
        }
    }
    return out;
}

}  // namespace cardea::config
