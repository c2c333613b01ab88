#pragma once
// The request target and the authority it is asked of (RFC 9112 section 3.2, RFC 3986). Views into the head. Any thread.

#include "proxy/http/head.hpp"
#include "proxy/http/status_error.hpp"

#include <string_view>

namespace cardea::http {

/// Sets authority (absolute-form only), path, has_query and query from head.target; `Host` is not looked at.
/// Reason::none or bad_target: a byte that no URI may hold, a fragment, `\`, `%00` or a broken escape in the path, a path
/// that climbs above the root, a scheme other than http and https, a form that does not fit the method.
[[nodiscard]] Reason split_target(RequestHead& head);

/// `host[:port]` with a DNS name, an IPv4 or a bracketed IPv6 address. No user info, comma, escape or empty host; a port is
/// digits up to 65535 or missing. Sets the host without brackets.
[[nodiscard]] bool split_authority(std::string_view authority, std::string_view& host, std::string_view& port);

/// `%2F` or `%5C` stands in the path, in any case: a slash or backslash to whoever decodes it before looking for segments.
[[nodiscard]] bool has_encoded_slash(std::string_view path);

/// RFC 3986 section 5.2.4 would walk above the root: `/..`, `/a/%2e%2e/..`; empty segments count as none.
[[nodiscard]] bool climbs_above_root(std::string_view path);

}  // namespace cardea::http
