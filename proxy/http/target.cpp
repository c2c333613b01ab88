#include "proxy/http/target.hpp"

#include "config/address.hpp"
#include "config/text.hpp"

#include <algorithm>
#include <array>

namespace cardea::http {

namespace {

/// What may stand in a path or query as it comes. RFC 3986 is narrower, but browsers send `|`, `{` and the like raw;
/// anything that moves a boundary (controls, blank, `#`) or is no ASCII is out.
constexpr config::CharSet target_chars([](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
/// Without any of these a path is what it seems: no escape, no dot segment.
constexpr config::CharSet plain_chars([](char c) {
    return c > 0x20 && c < 0x7f && c != '#' && c != '%' && c != '.' && c != '\\' && c != '?';
});

constexpr bool is_hex(char c) {
    return config::ascii_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// unreserved and sub-delims of RFC 3986 section 3.2.2, without the comma (two hosts to some readers) and without escapes.
constexpr config::CharSet host_chars([](char c) {
    return config::ascii_digit(c) || config::ascii_alpha(c) || std::string_view{"-._~!$&'()*+;="}.find(c) != std::string_view::npos;
});

bool good_path(std::string_view path) {
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (path[i] == '\\') {
            return false;
        }
        if (path[i] == '%') {
            if (i + 2 >= path.size() || !is_hex(path[i + 1]) || !is_hex(path[i + 2]) || path.substr(i + 1, 2) == "00") {
                return false;
            }
        }
    }
    return !climbs_above_root(path);
}

/// The number of dots a segment consists of once `%2e` is read as a dot; 0 when it is anything else.
std::size_t dots_in(std::string_view segment) {
    std::size_t dots = 0;
    while (!segment.empty()) {
        if (segment.front() == '.') {
            segment.remove_prefix(1);
        } else if (segment.size() >= 3 && segment[0] == '%' && segment[1] == '2' && (segment[2] == 'e' || segment[2] == 'E')) {
            segment.remove_prefix(3);
        } else {
            return 0;
        }
        ++dots;
    }
    return dots;
}

Reason split_absolute(RequestHead& head) {
    auto rest = head.target;
    const auto scheme_end = rest.find("://");
    if (scheme_end == std::string_view::npos) {
        return Reason::bad_target;
    }
    const auto scheme = rest.substr(0, scheme_end);
    if (!equals_lower(scheme, "http") && !equals_lower(scheme, "https")) {
        return Reason::bad_target;
    }
    rest.remove_prefix(scheme_end + 3);
    const auto authority_end = rest.find_first_of("/?");
    head.authority = rest.substr(0, authority_end);
    rest.remove_prefix(authority_end == std::string_view::npos ? rest.size() : authority_end);
    const auto question = rest.find('?');
    head.path = rest.substr(0, question);
    if (head.path.empty()) {  // RFC 9112 sections 3.2.1 and 3.2.4
        head.path = head.method == Method::options && question == std::string_view::npos ? "*" : "/";
    }
    if (question != std::string_view::npos) {
        head.has_query = true;
        head.query = rest.substr(question + 1);
    }
    return Reason::none;
}

}  // namespace

bool climbs_above_root(std::string_view path) {
    if (path.find("..") == std::string_view::npos && path.find("%2") == std::string_view::npos) {
        return false;
    }
    std::size_t depth = 0;
    while (!path.empty()) {
        const auto slash = path.find('/');
        const auto segment = path.substr(0, slash);
        path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
        const auto dots = dots_in(segment);
        if (segment.empty() || dots == 1) {
            continue;
        }
        if (dots != 2) {
            ++depth;
        } else if (depth-- == 0) {
            return true;
        }
    }
    return false;
}

bool has_encoded_slash(std::string_view path) {
    for (auto at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 1)) {
        const auto code = path.substr(at + 1, 2);
        if (equals_lower(code, "2f") || equals_lower(code, "5c")) {
            return true;
        }
    }
    return false;
}

bool split_authority(std::string_view authority, std::string_view& host, std::string_view& port) {
    std::size_t host_end = 0;
    if (!authority.empty() && authority.front() == '[') {
        const auto bracket = authority.find(']');
        if (bracket == std::string_view::npos) {
            return false;
        }
        host = authority.substr(1, bracket - 1);
        const auto ip = config::parse_ip(host);
        if (!ip || host.find(':') == std::string_view::npos) {
            return false;
        }
        host_end = bracket + 1;
    } else {
        while (host_end < authority.size() && host_chars.has(authority[host_end])) {
            ++host_end;
        }
        host = authority.substr(0, host_end);
        if (host.empty()) {
            return false;
        }
    }
    port = {};
    if (host_end == authority.size()) {
        return true;
    }
    if (authority[host_end] != ':') {
        return false;
    }
    port = authority.substr(host_end + 1);
    std::uint32_t number = 0;
    for (const char c : port) {
        if (!config::ascii_digit(c) || number > 65535) {
            return false;
        }
        number = number * 10 + static_cast<std::uint32_t>(c - '0');
    }
    return port.empty() || (number >= 1 && number <= 65535);
}

Reason split_target(RequestHead& head) {
    head.authority = head.path = head.query = {};
    head.has_query = false;
    if (head.target.empty()) {
        return Reason::bad_target;
    }
    if (head.target.front() == '/' && plain_chars.has_all_of(head.target)) {
        head.path = head.target;
        return Reason::none;
    }
    if (!target_chars.has_all_of(head.target)) {
        return Reason::bad_target;
    }
    if (head.target.front() == '/') {
        const std::size_t question = std::min(head.target.find('?'), head.target.size());
        head.path = head.target.substr(0, question);
        if (question != head.target.size()) {
            head.has_query = true;
            head.query = head.target.substr(question + 1);
        }
    } else if (head.target == "*") {
        head.path = head.target;
        return head.method == Method::options ? Reason::none : Reason::bad_target;
    } else if (const auto reason = split_absolute(head); reason != Reason::none) {
        return reason;
    }
    return good_path(head.path) ? Reason::none : Reason::bad_target;
}

}  // namespace cardea::http
