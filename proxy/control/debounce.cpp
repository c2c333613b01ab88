#include "proxy/control/debounce.hpp"

#include <algorithm>

namespace cardea::control {

void Debounce::changed(bool urgent, config::TimePoint now) {
    const bool spare = !first_ && paid_until_ <= now + (few - 1) * step;
    if (urgent || spare) {
        const auto when = published_ ? std::max(now, *published_ + least) : now;
        at_once_ = at_once_ ? std::min(*at_once_, when) : when;
    }
    if (!urgent) {
        first_ = first_.value_or(now);
        last_ = now;
    }
}

void Debounce::published(config::TimePoint now) {
    if (first_) {
        paid_until_ = std::max(paid_until_, now) + step;
    }
    at_once_.reset();
    first_.reset();
    last_.reset();
    published_ = now;
}

std::optional<config::TimePoint> Debounce::due() const {
    if (!first_) {
        return at_once_;
    }
    const auto together = std::min(*last_ + quiet_, *first_ + max_);
    return at_once_ ? std::min(*at_once_, together) : together;
}

}  // namespace cardea::control
