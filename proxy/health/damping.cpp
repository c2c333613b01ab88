#include "proxy/health/damping.hpp"

#include <algorithm>
#include <cmath>

namespace cardea::health {

using DampingSeconds = std::chrono::duration<double>;

double Damping::penalty(config::TimePoint now) const {
    return penalty_ * std::exp2(-(DampingSeconds(now - as_of_) / DampingSeconds(half_life)));
}

void Damping::fell(config::TimePoint now) {
    penalty_ = std::min(penalty(now) + per_fall, most);
    as_of_ = now;
    holds_ = holds_ || penalty_ > hold_above;
}

bool Damping::settle(config::TimePoint now) {
    if (const auto calm = calm_at(); !calm || *calm > now) {
        return false;
    }
    holds_ = false;
    return true;
}

void Damping::forgive() {
    penalty_ = 0;
    holds_ = false;
}

std::optional<config::TimePoint> Damping::calm_at() const {
    if (!holds_) {
        return std::nullopt;
    }
    const DampingSeconds wait = DampingSeconds(half_life) * std::max(std::log2(penalty_ / release_below), 0.0);
    return as_of_ + std::chrono::ceil<config::Duration>(wait);
}

}  // namespace cardea::health
