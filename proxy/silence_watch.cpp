#include "proxy/silence_watch.hpp"

#include <algorithm>

namespace cardea::proxy {
namespace {

using namespace std::chrono_literals;

constexpr config::Duration late_look_again = 24ms;  // while requests wait longer than anybody's patience
constexpr config::Duration tell_again = 100ms;

std::int64_t milliseconds(config::TimePoint when) {
    return std::chrono::duration_cast<config::Duration>(when.time_since_epoch()).count();
}

}  // namespace

void SilenceWatch::add(Waiting& waiting) {
    waiting.since = *now_;
    if (waiting_.empty()) {
        wheel_->arm(timer_, *now_ + upstream::FirstByteTimes::least_patience);
    }
    waiting_.push_back(waiting);
}

void SilenceWatch::heard(balance::EndpointState& endpoint, config::TimePoint now) {
    const std::int64_t at = milliseconds(now);
    if (endpoint.last_byte_ms.load(std::memory_order_relaxed) != at) {  // a store takes the cache line from the other workers
        endpoint.last_byte_ms.store(at, std::memory_order_relaxed);
    }
}

void SilenceWatch::wake(std::uint32_t /*bits*/) {
    const config::TimePoint old = *now_ - upstream::FirstByteTimes::least_patience;
    waiting_.for_each_while([&](const Waiting& one) {
        if (one.since > old) {
            return false;
        }
        look_at(one);
        return true;
    });
    if (Waiting* const oldest = waiting_.front()) {
        wheel_->arm(timer_, std::max(oldest->since + upstream::FirstByteTimes::least_patience, *now_ + late_look_again));
    }
}

void SilenceWatch::look_at(const Waiting& waiting) {
    balance::EndpointState& endpoint = *waiting.endpoint;
    const config::TimePoint heard{config::Duration{endpoint.last_byte_ms.load(std::memory_order_relaxed)}};
    if (*now_ < std::max(waiting.since, heard) + waiting.policy->first_bytes.patience(*now_)) {
        return;
    }
    const std::int64_t told = endpoint.silence_told_ms.load(std::memory_order_relaxed);
    const std::int64_t now = milliseconds(*now_);
    if (now >= told + tell_again.count()) {  // two workers at the same moment tell it twice, which does no harm
        endpoint.silence_told_ms.store(now, std::memory_order_relaxed);
        control_->saw(&endpoint, snapshot::Sighting::silent);
    }
}

}  // namespace cardea::proxy
