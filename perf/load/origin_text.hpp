#pragma once
// Pieces of text that the origin reads and writes. One thread.

#include "perf/load/arguments.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace cardea::load {

/// The value of a header field, or an empty view. `head` ends with an empty line.
inline std::string_view field(std::string_view head, std::string_view name) {
    const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };  // of letters and hyphens
    for (auto line = head.find("\r\n"); line != std::string_view::npos; line = head.find("\r\n", line + 2)) {
        const auto rest = head.substr(line + 2);
        if (rest.size() <= name.size() || rest[name.size()] != ':' || !std::equal(name.begin(), name.end(), rest.begin(), same)) {
            continue;
        }
        auto value = rest.substr(name.size() + 1, rest.find("\r\n") - name.size() - 1);
        value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
        return value;
    }
    return {};
}

/// The digits in front; 0 without any.
inline std::uint64_t leading_number(std::string_view text) {
    return parse_number(text.substr(0, text.find_first_not_of("0123456789"))).value_or(0);
}

inline std::string hex(std::uint64_t value) {
    std::array<char, 16> digits;
    return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr};
}

}  // namespace cardea::load
