#pragma once
// The growing share of a newcomer. In steps, so that a schedule is made anew a handful of times and not for every pick. Pure.

#include "config/units.hpp"

#include <cstdint>

namespace cardea::health {

/// Shares are counted in twentieths of the full weight: an endpoint at full weight counts this much for each unit of it.
inline constexpr std::uint32_t full_share = 20;
inline constexpr std::uint32_t first_share = 2;

/// first_share at once, full_share after `whole`, evenly in between; full_share when `whole` is zero.
[[nodiscard]] std::uint32_t slow_start_share(config::TimePoint::duration elapsed, config::Duration whole);

/// How long after its beginning a newcomer gets the share above `share`. Requires: share < full_share.
[[nodiscard]] config::Duration next_share_after(std::uint32_t share, config::Duration whole);

}  // namespace cardea::health
