#include "config/patterns.hpp"

#include "config/text.hpp"

#include <algorithm>
#include <string>

namespace cardea::config {
namespace {

tl::unexpected<Error> no_host(std::string_view text) {
    const bool foreign = std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
    return failure("`" + printable(text) + "` is not a host: expected `www.example.com`, `*.example.com` or `*`", {},
                   foreign ? "write the name in its ASCII form, `xn--...`"
                           : (text.find(':') != std::string_view::npos || text.find('/') != std::string_view::npos
                                  ? "leave out scheme, port and path"
                                  : "labels of letters, digits and hyphens; one star, in front"));
}

}  // namespace

Result<HostPattern> parse_host_pattern(std::string_view text) {
    if (text == "*") {
        return HostPattern{};
    }
    std::string name = ascii_lower(text);
    if (!name.empty() && name.back() == '.') {
        name.pop_back();
    }
    if (name.starts_with("*.")) {
        name.erase(0, 2);
        if (!host_name(name)) {
            return no_host(text);
        }
        return HostPattern{HostPattern::Kind::wildcard, std::move(name)};
    }
    if (name.find(':') != std::string::npos) {
        std::string_view bare = name;
        if (bare.starts_with('[') && bare.ends_with(']')) {
            bare = bare.substr(1, bare.size() - 2);
        }
        const auto ip = parse_ip(bare);
        if (!ip || !ip->v6) {
            return no_host(text);
        }
        return HostPattern{HostPattern::Kind::exact, "[" + to_string(*ip) + "]"};
    }
    if (!host_name(name)) {
        return no_host(text);
    }
    return HostPattern{HostPattern::Kind::exact, std::move(name)};
}

Result<PathPattern> parse_path_pattern(std::string_view text) {
    if (text == "/**") {
        return PathPattern{};
    }
    const bool prefix = text.ends_with("/**");
    const std::string_view path = prefix ? text.substr(0, text.size() - 3) : text;
    const auto wrong = [&](const char* why, const char* hint = "write it as /exact or /prefix/**, as it stands in a request") {
        return failure("`" + printable(text) + "` is not a path: " + why, {}, hint);
    };
    if (!path.starts_with('/')) {
        return wrong("it must begin with `/`");
    }
    for (const char c : path) {
        if (c == '*') {
            return wrong("a star stands only at the end, as `/**`", "`/api/**` matches /api and everything below it");
        }
        if (c == '?' || c == '#') {
            return wrong("query and fragment are not part of it");
        }
        if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f) {
            return wrong("blanks, control characters and non-ASCII bytes are percent-encoded in requests",
                         "write them as %20, %C3%BC, ...");
        }
    }
    for (std::size_t at = 1; at <= path.size();) {
        const std::size_t slash = std::min(path.find('/', at), path.size());
        const std::string_view segment = path.substr(at, slash - at);
        if ((segment.empty() && (slash < path.size() || prefix)) || segment == "." || segment == "..") {
            return wrong("empty, `.` and `..` segments are removed from requests before they are matched");
        }
        at = slash + 1;
    }
    return PathPattern{prefix ? PathPattern::Kind::prefix : PathPattern::Kind::exact, std::string(path)};
}

std::string to_string(const HostPattern& pattern) {
    switch (pattern.kind) {
        case HostPattern::Kind::any:
            return "*";
        case HostPattern::Kind::wildcard:
            return "*." + pattern.text;
        case HostPattern::Kind::exact:
            break;
    }
    return pattern.text;
}

std::string to_string(const PathPattern& pattern) {
    switch (pattern.kind) {
        case PathPattern::Kind::any:
            return "/**";
        case PathPattern::Kind::prefix:
            return pattern.text + "/**";
        case PathPattern::Kind::exact:
            break;
    }
    return pattern.text;
}

}  // namespace cardea::config
