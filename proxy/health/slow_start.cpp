#include "proxy/health/slow_start.hpp"

#include <algorithm>

namespace cardea::health {

std::uint32_t slow_start_share(config::TimePoint::duration elapsed, config::Duration whole) {
    const config::TimePoint::duration full = whole;
    if (elapsed >= full) {
        return full_share;
    }
    const auto share = static_cast<std::uint32_t>(std::max<config::TimePoint::rep>(elapsed.count(), 0) * full_share / full.count());
    return std::max(share, first_share);
}

config::Duration next_share_after(std::uint32_t share, config::Duration whole) {
    const auto part = whole * (share + 1);
    return part / full_share + config::Duration(part % full_share == config::Duration::zero() ? 0 : 1);
}

}  // namespace cardea::health
