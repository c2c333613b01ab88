#pragma once
// The canonical text of a query to Consul: `SERVICE?tag=a&tag=b&dc=x&filter=expr`, as in `consul://SOURCE/...`. It names the query
// in Wanted and Publish, so two references that ask the same have the same text. Pure functions, any thread.

#include "config/config.hpp"

#include <string>
#include <string_view>

namespace cardea::discovery {

/// Stands in Wanted for every service that the source knows.
inline constexpr std::string_view every_service = "*";

/// The reference without its source; tags sorted, each once. A service called `*` is `%2A`.
std::string query_text(const config::ConsulRef& ref);
/// The way back; the source stays empty. Unknown parameters are errors.
config::Result<config::ConsulRef> parse_query(std::string_view text);

}  // namespace cardea::discovery
