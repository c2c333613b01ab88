#pragma once
// Readers of HTTP/1 messages that are careless in the ways real ones are, alone and together: where each believes that a
// message ends must be one and the same place, or a second request hides in what one of them takes for a body.

#include "tests/fuzz/reference_reader.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cardea::fuzz {

enum Carelessness : unsigned {
    bare_line_feeds = 1,  ///< a line ends at LF, a CR before it is dropped
    length_first = 2,     ///< Content-Length beats Transfer-Encoding
    first_wins = 4,       ///< of repeated fields, else the last
    any_coding = 8,       ///< a coding that contains `chunked` anywhere
    prefix_numbers = 16,  ///< `5abc` is 5, blanks and signs in front are nothing
    cut_at_nul = 32,      ///< a value ends at its first NUL
    every_carelessness = 63,
};

class LooseReader {
public:
    LooseReader(std::string_view bytes, unsigned how) : bytes_(bytes), how_(how) {}

    /// Behind the message; nothing when there is no end to it.
    std::optional<std::size_t> end() {
        std::optional<std::string> length;
        std::optional<std::string> coding;
        for (auto line = next_line(); line && !line->empty(); line = next_line()) {
            const auto colon = line->find(':');
            if (colon == std::string_view::npos) {
                continue;  // the start line, most likely
            }
            const auto name = folded(trimmed(line->substr(0, colon)));
            take(name == "content-length", *line, colon, length);
            take(name == "transfer-encoding", *line, colon, coding);
        }
        if (!ended_) {
            return std::nullopt;
        }
        const bool chunked =
            coding && (has(any_coding) ? folded(*coding).find("chunked") != std::string::npos : folded(*coding) == "chunked");
        if (length && (has(length_first) || !chunked)) {
            at_ += number(*length, 10);
            return at_ <= bytes_.size() ? std::optional(at_) : std::nullopt;
        }
        return chunked ? end_of_chunks() : at_;
    }

private:
    [[nodiscard]] bool has(Carelessness one) const { return (how_ & one) != 0; }

    static std::string_view trimmed(std::string_view text) {
        while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') {
            text.remove_prefix(1);
        }
        while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') {
            text.remove_suffix(1);
        }
        return text;
    }

    void take(bool meant, std::string_view line, std::size_t colon, std::optional<std::string>& out) const {
        if (!meant || (out && has(first_wins))) {
            return;
        }
        auto value = line.substr(colon + 1);
        out = std::string(trimmed(has(cut_at_nul) ? value.substr(0, value.find('\0')) : value));
    }

    std::optional<std::string_view> next_line() {
        const auto end = bytes_.find(has(bare_line_feeds) ? "\n" : "\r\n", at_);
        ended_ = end != std::string_view::npos;
        if (!ended_) {
            return std::nullopt;
        }
        auto line = bytes_.substr(at_, end - at_);
        at_ = end + (has(bare_line_feeds) ? 1 : 2);
        if (has(bare_line_feeds) && line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        return line;
    }

    [[nodiscard]] std::uint64_t number(std::string_view text, unsigned base) const {
        constexpr std::uint64_t large = std::uint64_t{1} << 40U;
        if (has(prefix_numbers)) {
            while (!text.empty() && (text.front() == ' ' || text.front() == '+' || text.front() == '\t')) {
                text.remove_prefix(1);
            }
        }
        std::uint64_t value = 0;
        for (const char c : text) {
            const auto digit = std::string_view("0123456789abcdef").find(folded(std::string_view(&c, 1)));
            if (digit == std::string_view::npos || digit >= base) {
                return has(prefix_numbers) ? value : large;
            }
            value = std::min(large, value * base + digit);
        }
        return value;
    }

    std::optional<std::size_t> end_of_chunks() {
        for (;;) {
            const auto line = next_line();
            if (!line) {
                return std::nullopt;
            }
            const auto size = number(line->substr(0, line->find(';')), 16);
            if (size == 0) {
                break;
            }
            at_ += size;
            if (at_ > bytes_.size() || !next_line()) {
                return std::nullopt;
            }
        }
        for (auto line = next_line(); line; line = next_line()) {
            if (line->empty()) {
                return at_;
            }
        }
        return std::nullopt;
    }

    std::string_view bytes_;
    unsigned how_;
    std::size_t at_{0};
    bool ended_{false};
};

/// Every combination of carelessness ends the message where it ends, whatever follows it.
inline void require_one_end(const std::string& message) {
    const std::string bytes = message + "GET /second HTTP/1.1\r\nHost: x\r\n\r\n";
    for (unsigned how = 0; how <= every_carelessness; ++how) {
        require(LooseReader(bytes, how).end() == message.size(), "every reader sees the same end");
    }
}

}  // namespace cardea::fuzz
