#pragma once
// Passive ejection: when counted failures take an endpoint out, and for how long. Pure.

#include "config/config.hpp"

#include <cstdint>

namespace cardea::health {

/// The service around an endpoint that is about to be ejected.
struct Company {
    std::size_t endpoints{0};  ///< known to the registry as up
    std::size_t eligible{0};   ///< of them, the one in question included
    std::size_t ejected{0};    ///< of them, by counted failures
};

/// Never the last one, never more than `max_ejected_percent` of the endpoints (but one of several always may go).
[[nodiscard]] bool may_eject(const config::PassiveHealth& policy, const Company& company);

/// `eject` doubled for each ejection before this one, at most `eject_max`.
[[nodiscard]] config::Duration ejection_time(const config::PassiveHealth& policy, std::uint32_t ejections_before);

}  // namespace cardea::health
