#include "proxy/http1/head_end.hpp"

#include "config/text.hpp"
#include "proxy/http1/scan.hpp"

namespace cardea::http1 {

std::size_t leading_lines(std::string_view bytes) {
    constexpr std::string_view empty_line = "\r\n";
    std::size_t size = 0;
    while (size < bytes.size() && bytes[size] == '\r' && size <= max_leading_bytes && bytes.substr(size).starts_with(empty_line)) {
        size += empty_line.size();
    }
    return size;
}

std::size_t find_head_end(std::string_view bytes, std::size_t& scanned) {
    if (scanned == 0) {
        const auto start = leading_lines(bytes);
        if (start > max_leading_bytes) {
            return start;
        }
        const auto rest = bytes.substr(start);
        if (rest.empty() || rest == "\r") {
            return 0;
        }
        if (!config::token_chars.has(rest.front())) {
            return start + 1;
        }
        scanned = start;
    }
    const auto folded = [&] { return scanned < bytes.size() && (bytes[scanned] == ' ' || bytes[scanned] == '\t'); };
    if (scanned != 0 && bytes[scanned - 1] == '\n' && folded()) {
        return scanned + 1;
    }
    for (LineFeeds feeds(bytes, scanned);;) {
        const auto lf = feeds.next();
        if (lf == bytes.size()) {
            scanned = lf;
            return 0;
        }
        scanned = lf + 1;
        // A message starts with a token, so the line feed is not the first byte; and the empty line is not its first line.
        if (bytes[lf - 1] != '\r' || bytes[lf - 2] == '\r' || bytes[lf - 2] == '\n') {
            return scanned;
        }
        if (folded()) {
            return scanned + 1;
        }
    }
}

}  // namespace cardea::http1
