#pragma once
// What the tests of a worker send and look for most.

#include <string>
#include <string_view>

namespace cardea::support {

inline constexpr std::string_view get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
inline constexpr std::string_view post = "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody";
inline constexpr std::string_view ok_hi = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

inline std::string first_line(const std::string& head) {
    return head.substr(0, head.find('\r'));
}

}  // namespace cardea::support
