#pragma once
// Units that configuration and code share: durations, byte sizes, points in time. Pure values, any thread.

#include "config/result.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace cardea::config {

using Duration = std::chrono::milliseconds;               ///< every configured time
using TimePoint = std::chrono::steady_clock::time_point;  ///< the only clock decisions may use
using WallTime = std::chrono::system_clock::time_point;   ///< for people only: logs, "since"

/// A byte count that cannot be mistaken for another number.
struct Bytes {
    std::uint64_t count{0};
    friend auto operator<=>(const Bytes&, const Bytes&) = default;
};

/// `0ms` is written with a unit too; accepted units: ms s m h d, one or more parts, larger first (`1m30s`).
Result<Duration> parse_duration(std::string_view text);
/// `32k`, `4m`, `1g`, `512` followed by nothing is refused: sizes need a unit (`b k m g`, binary multiples).
Result<Bytes> parse_bytes(std::string_view text);
/// Decimal digits only, no sign, no blank, at most `max`; the one reader of numbers that come from outside.
Result<std::uint64_t> parse_unsigned(std::string_view text, std::uint64_t max);

std::string to_string(Duration duration);  ///< shortest exact form: `1m30s`, `250ms`
std::string to_string(Bytes bytes);        ///< shortest exact form: `32k`, `4m`, `1000b`

}  // namespace cardea::config
