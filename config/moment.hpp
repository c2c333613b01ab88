#pragma once
// Moments as people read and write them: always UTC, so that a time copied from any output means the same everywhere.
// Pure functions, any thread.

#include "config/result.hpp"
#include "config/units.hpp"

#include <string>
#include <string_view>

namespace cardea::config {

[[nodiscard]] std::string utc_text(WallTime time);          ///< `2026-11-22T20:00:00Z`
[[nodiscard]] std::string utc_text_precise(WallTime time);  ///< `2026-11-22T20:00:00.123Z`

/// RFC 3339 (`2026-11-22T20:00:00.5Z`, an offset instead of `Z`, a blank instead of `T`; without either: UTC), a time of
/// day (`20:00`, `20:00:05`: the last one that has passed), `@SECONDS` since 1970, `now`, or a duration: that long ago.
Result<WallTime> parse_moment(std::string_view text, WallTime now);

}  // namespace cardea::config
