#pragma once
// What a TRACE that may go no further is answered with (RFC 9110 section 9.3.8). Any thread.

#include "proxy/http/head.hpp"

#include <string>

namespace cardea::http1 {

/// The request as it was received, a `message/http`, without the fields that could carry a secret: whoever makes a browser
/// send it must not read them.
[[nodiscard]] std::string reflected(const http::RequestHead& head);

}  // namespace cardea::http1
