#pragma once
// A second, slow and simple reading of HTTP/1 messages, written from the RFC and sharing nothing with the parser under test:
// what Cardea sends must be one message to it, and to readers more careless than it.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cardea::fuzz {

/// Ends the run with what was expected; libFuzzer keeps the input.
inline void require(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "broken: %s\n", what);
        std::abort();
    }
}

struct Message {
    std::string start_line{};
    std::vector<std::pair<std::string, std::string>> fields{};
    std::string rest{};  ///< what follows the head
};

inline std::string folded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c == '_' ? '-' : c;
    }
    return out;
}

/// Reads a head line by line; every line ends in CRLF, has a name of visible characters and a value without controls.
inline Message read_message(std::string_view bytes) {
    Message out;
    bool first = true;
    while (true) {
        const auto end = bytes.find("\r\n");
        require(end != std::string_view::npos, "every line ends in CRLF");
        const auto line = bytes.substr(0, end);
        bytes.remove_prefix(end + 2);
        for (const char c : line) {
            require(c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f), "no control character in a head");
        }
        if (line.empty()) {
            require(!first, "a head begins with a start line");
            out.rest = bytes;
            return out;
        }
        if (first) {
            out.start_line = line;
            first = false;
            continue;
        }
        const auto colon = line.find(": ");
        require(colon != std::string_view::npos && colon > 0, "a field is `name: value`");
        const auto name = line.substr(0, colon);
        require(name.find_first_of(" \t:\"(),/<=>?@[\\]{}") == std::string_view::npos, "a name is a token");
        const auto value = line.substr(colon + 2);
        require(value.empty() || (value.front() != ' ' && value.front() != '\t' && value.back() != ' ' && value.back() != '\t'),
                "no blanks around a value");
        out.fields.emplace_back(name, value);
    }
}

/// Every value of fields that some reader takes for `name`: any case, `_` for `-`.
inline std::vector<std::string> values(const Message& message, std::string_view name) {
    std::vector<std::string> out;
    for (const auto& [key, value] : message.fields) {
        if (folded(key) == name) {
            out.push_back(value);
        }
    }
    return out;
}

/// Decodes a chunked body that must be complete; `rest` is what follows it.
inline std::string read_chunks(std::string_view bytes, std::string_view& rest) {
    std::string out;
    while (true) {
        const auto end = bytes.find("\r\n");
        require(end != std::string_view::npos && end > 0, "a chunk has a size");
        std::size_t size = 0;
        for (const char c : bytes.substr(0, end)) {
            const auto digit = std::string_view{"0123456789abcdef"}.find(c);
            require(digit != std::string_view::npos, "a chunk size is lower-case hexadecimal");
            size = size * 16 + digit;
        }
        bytes.remove_prefix(end + 2);
        if (size == 0) {
            while (!bytes.starts_with("\r\n")) {
                const auto line = bytes.find("\r\n");
                require(line != std::string_view::npos, "the trailer section ends");
                bytes.remove_prefix(line + 2);
            }
            rest = bytes.substr(2);
            return out;
        }
        require(bytes.size() >= size + 2 && bytes.substr(size, 2) == "\r\n", "a chunk is as long as it says");
        out += bytes.substr(0, size);
        bytes.remove_prefix(size + 2);
    }
}

}  // namespace cardea::fuzz
