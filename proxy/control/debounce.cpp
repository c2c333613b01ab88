#include "proxy/control/debounce.hpp"

#include <algorithm>

namespace cardea::control {

void Debounce::changed(bool urgent, config::TimePoint now) {
    const bool spare = !waiting_ && paid_until_ <= now + (few - 1) * step;
    if (urgent || spare) {
        const auto when = published_ ? std::max(now, *published_ + least) : now;
        at_once_ = at_once_ ? std::min(*at_once_, when) : when;
    }
    if (!urgent) {
        waiting_ = Span{.first = waiting_ ? waiting_->first : now, .last = now};
    }
}

void Debounce::published(config::TimePoint now) {
    if (waiting_) {
        paid_until_ = std::max(paid_until_, now) + step;
    }
    at_once_.reset();
    waiting_.reset();
    published_ = now;
}

std::optional<config::TimePoint> Debounce::due() const {
    if (!waiting_) {
        return at_once_;
    }
    const auto together = std::min(waiting_->last + quiet_, waiting_->first + max_);
    return at_once_ ? std::min(*at_once_, together) : together;
}

}  // namespace cardea::control
