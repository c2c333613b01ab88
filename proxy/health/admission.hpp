#pragma once
// When the next admission probe is due: quick at first, because an application listens some milliseconds to seconds
// after its container starts, then patient. Pure.

#include "config/units.hpp"

#include <cstdint>

namespace cardea::health {

/// How long a ladder is quick.
inline constexpr config::Duration ladder_haste{10'000};

/// Time from the end of a bad probe to the next one. `attempt` counts the bad ones before it since `elapsed` began.
/// 1, 2, 4, 8 ms, then every 10 ms for 10 s, then every 250 ms for as long as it takes: an application that answers at
/// last serves within a second of it, however long its start took.
[[nodiscard]] config::Duration ladder_delay(std::uint32_t attempt, config::Duration elapsed);

}  // namespace cardea::health
