#pragma once
// What a request says, read slowly and by the letter of RFC 9112, sharing nothing with the parser under test. Nothing: it is not
// one request that everybody reads in the same way. It judges form and framing; which hosts, targets and methods are good is
// not its business.

#include "tests/fuzz/reference_reader.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cardea::fuzz {

struct ReferenceRequest {
    std::string method{}, target{}, version{};
    std::vector<std::pair<std::string, std::string>> fields{};
    bool chunked{false};
    std::optional<std::uint64_t> length{};

    [[nodiscard]] std::vector<std::string> all(std::string_view lower_name) const {
        std::vector<std::string> out;
        for (const auto& [name, value] : fields) {
            std::string lower = name;
            std::transform(lower.begin(), lower.end(), lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
            if (lower == lower_name) {
                out.push_back(value);
            }
        }
        return out;
    }
};

inline bool is_token(std::string_view text) {
    constexpr std::string_view more = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [more](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || more.find(c) != std::string_view::npos;
    });
}

/// Lines that end in CRLF up to the empty one; nothing when there is any other CR, LF or control character but HTAB.
inline std::optional<std::vector<std::string>> head_lines(std::string_view head) {
    std::vector<std::string> lines;
    while (true) {
        const auto end = head.find("\r\n");
        if (end == std::string_view::npos) {
            return std::nullopt;
        }
        const auto line = head.substr(0, end);
        if (std::any_of(line.begin(), line.end(),
                        [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; })) {
            return std::nullopt;
        }
        head.remove_prefix(end + 2);
        if (line.empty()) {
            return head.empty() ? std::optional(lines) : std::nullopt;
        }
        lines.emplace_back(line);
    }
}

inline bool read_request_line(const std::string& line, ReferenceRequest& out) {
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string::npos || last == first) {
        return false;
    }
    out.method = line.substr(0, first);
    out.target = line.substr(first + 1, last - first - 1);
    out.version = line.substr(last + 1);
    return is_token(out.method) && !out.target.empty() && out.target.find_first_of(" \t") == std::string::npos &&
           (out.version == "HTTP/1.1" || out.version == "HTTP/1.0");
}

inline bool read_framing(ReferenceRequest& out) {
    const auto lengths = out.all("content-length");
    const auto codings = out.all("transfer-encoding");
    if (lengths.size() + codings.size() > 1) {
        return false;
    }
    if (!lengths.empty()) {
        const auto& text = lengths.front();
        if (text.empty() || text.size() > 18 || text.find_first_not_of("0123456789") != std::string::npos) {
            return false;
        }
        out.length = std::stoull(text);
    }
    if (!codings.empty()) {
        std::string lower = codings.front();
        std::transform(lower.begin(), lower.end(), lower.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        out.chunked = true;
        return lower == "chunked" && out.version == "HTTP/1.1";
    }
    return true;
}

/// `head` up to and with its empty line; empty lines before the request line are passed over (RFC 9112 section 2.2).
inline std::optional<ReferenceRequest> read_request(std::string_view head) {
    while (head.starts_with("\r\n")) {
        head.remove_prefix(2);
    }
    const auto lines = head_lines(head);
    ReferenceRequest out;
    if (!lines || lines->empty() || !read_request_line(lines->front(), out)) {
        return std::nullopt;
    }
    for (auto line = lines->begin() + 1; line != lines->end(); ++line) {
        const auto colon = line->find(':');
        if (colon == std::string::npos || !is_token(std::string_view(*line).substr(0, colon))) {
            return std::nullopt;
        }
        const auto begin = line->find_first_not_of(" \t", colon + 1);
        const auto end = line->find_last_not_of(" \t");
        out.fields.emplace_back(line->substr(0, colon), begin == std::string::npos ? "" : line->substr(begin, end - begin + 1));
    }
    const auto hosts = out.all("host").size();
    return hosts <= 1 && (hosts == 1 || out.version == "HTTP/1.0") && read_framing(out) ? std::optional(out) : std::nullopt;
}

}  // namespace cardea::fuzz
