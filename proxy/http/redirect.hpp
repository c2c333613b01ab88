#pragma once
// The Location of a route's redirect: `{host}`, `{path}` and `{query}` stand for the request's own. Any thread.

#include "proxy/http/head.hpp"

#include <string>
#include <string_view>

namespace cardea::http {

/// `https://{host}{path}?{query}`: {host} is without port, {query} without its `?`; a `?` written in front of {query} goes when
/// the request has no query. Other text, other braces included, stays as written. What the request brings was checked by the
/// parser, so no line break can come in.
[[nodiscard]] std::string expand_redirect(std::string_view to, const RequestHead& head);

}  // namespace cardea::http
