#pragma once
// The access log's other format: one JSON object a line, with what `combined` has no room for: the request id, who
// answered, how often it was tried, and why a request that an endpoint lost could not be saved.

#include "proxy/observe/record.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace cardea::observe {

/// `2026-11-22T20:00:00.123Z` (RFC 3339, UTC); the part before the dot is made once a second. One thread's own.
class UtcTime {
public:
    [[nodiscard]] std::string_view text(config::WallTime now);

private:
    std::int64_t second_{-1};
    std::array<char, 24> room_{};
};

/// Appends one line with its line feed. Absent fields are left out; numbers stand for themselves.
void append_json(const Record& record, std::string_view time, std::string& out);

}  // namespace cardea::observe
