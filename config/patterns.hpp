#pragma once
// The text forms of what a route matches, one reader for YAML, the command line and container labels. Pure, any thread.

#include "config/config.hpp"
#include "config/result.hpp"

#include <string_view>

namespace cardea::config {

/// `www.example.com`, `*.example.com` (one or more labels in place of the star), `*` (any), an IP literal (IPv6 with or
/// without brackets). Any case, stored in lower case, without a trailing dot; never with a port: listeners have ports.
Result<HostPattern> parse_host_pattern(std::string_view text);

/// `/exact`, `/prefix/**` (the prefix itself and everything below it), `/**` (any). Written as a request is after
/// normalisation: no empty, `.` or `..` segments, no query; a star stands nowhere else.
Result<PathPattern> parse_path_pattern(std::string_view text);

/// The same forms again, for messages and views.
std::string to_string(const HostPattern& pattern);
std::string to_string(const PathPattern& pattern);

}  // namespace cardea::config
