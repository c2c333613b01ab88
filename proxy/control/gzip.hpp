#pragma once
// Content-Encoding: gzip (RFC 9110 section 8.4.1.3) of a whole body. Pure, any thread.

#include "config/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cardea::control {

/// One gzip member or several (RFC 1952 section 2.2). Fails when cut short, damaged or longer than `max_bytes`.
config::Result<std::string> gunzip(std::string_view packed, std::uint64_t max_bytes);

}  // namespace cardea::control
