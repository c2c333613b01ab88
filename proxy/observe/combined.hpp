#pragma once
// The access log's format: nginx's `combined`, byte for byte (ngx_http_log_module):
// $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"

#include "proxy/observe/record.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace cardea::observe {

/// `22/Nov/2026:20:00:00 +0000` in the machine's time zone; made once a second. One thread's own.
class LocalTime {
public:
    [[nodiscard]] std::string_view text(config::WallTime now);

private:
    std::int64_t second_{-1};
    std::size_t size_{0};
    std::array<char, 32> room_{};
};

/// Appends one line with its line feed. Control characters, `"`, `\` and everything beyond ASCII become `\xXX`.
void append_combined(const Record& record, std::string_view time_local, std::string& out);

/// User name of an Authorization field (RFC 7617); absent when it is not Basic, not base64 or has no name. `room` backs it.
[[nodiscard]] std::string_view basic_user(std::string_view authorization, std::string& room);

}  // namespace cardea::observe
