#include "proxy/health/outlier.hpp"

#include <algorithm>

namespace cardea::health {

bool may_eject(const config::PassiveHealth& policy, const Company& company) {
    if (company.eligible < 2) {
        return false;
    }
    const std::size_t cap = std::max<std::size_t>(1, company.endpoints * policy.max_ejected_percent / 100);
    return policy.max_ejected_percent > 0 && company.ejected < cap;
}

config::Duration ejection_time(const config::PassiveHealth& policy, std::uint32_t ejections_before) {
    config::Duration time = policy.eject;
    for (std::uint32_t i = 0; i < ejections_before && time < policy.eject_max; ++i) {
        time *= 2;
    }
    return std::min(time, policy.eject_max);
}

}  // namespace cardea::health
