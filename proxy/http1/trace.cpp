#include "proxy/http1/trace.hpp"

#include <algorithm>
#include <array>

namespace cardea::http1 {

namespace {

bool secret(const http::Field& field) {
    constexpr std::array<std::string_view, 4> names{"authorization", "proxy-authorization", "cookie", "cookie2"};
    return std::ranges::any_of(names, [&field](std::string_view name) { return http::equals_lower(field.name, name); });
}

}  // namespace

std::string reflected(const http::RequestHead& head) {
    std::string out(head.method_text);
    out.append(" ").append(head.target).append(head.version == http::Version::http11 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
    for (const auto& field : head.fields.all()) {
        if (!secret(field)) {
            out.append(field.name).append(": ").append(field.value).append("\r\n");
        }
    }
    return out + "\r\n";
}

}  // namespace cardea::http1
