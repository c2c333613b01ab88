#include "proxy/health/endpoint_health.hpp"

#include <algorithm>
#include <utility>

namespace cardea::health {

using balance::Suspension;
using discovery::Status;

namespace {

constexpr config::Duration look_interval{250};      // of one endpoint: closes of idle connections come in bunches
constexpr config::Duration last_resort_after{100};  // what one that is restored is given to answer

}  // namespace

EndpointHealth::EndpointHealth(const config::Health& policy, bool discovered, std::uint64_t seed, config::TimePoint now)
    : policy_(policy),
      discovered_(discovered),
      random_(seed),
      admitted_(!needs_admission(policy, discovered)),
      last_look_(now - look_interval),
      last_question_(now - look_interval),
      last_resort_from_(now + last_resort_after) {
    if (!admitted_) {
        start_ladder(now);
    }
    schedule_active(now);
}

bool EndpointHealth::in_service() const {
    return status_ == Status::up && admitted_ && cause_ == Suspension::none;
}

Suspension EndpointHealth::suspension() const {
    if (status_ != Status::up) {
        return Suspension::registry;
    }
    if (!admitted_) {
        return last_resort_ ? Suspension::none : Suspension::unprobed;
    }
    if (cause_ != Suspension::none) {
        return cause_;
    }
    return damping_.holds() ? Suspension::flapping : Suspension::none;
}

std::string EndpointHealth::why() const {
    switch (suspension()) {
        case Suspension::none:
            return last_resort() ? "known from disk, has not answered yet: used when there is nothing better" : std::string{};
        case Suspension::registry:
            return status_why_;
        case Suspension::unprobed:
            return cause_why_.empty() ? "no probe has answered yet" : cause_why_;
        case Suspension::flapping:
            return "out and back too often: comes back when it has been calm";
        default:
            return cause_why_;
    }
}

bool EndpointHealth::set_policy(const config::Health& policy, config::TimePoint now) {
    if (policy == policy_) {
        return false;
    }
    const auto before = suspension();
    policy_ = policy;
    if (!admitted_ && !needs_admission(policy_, discovered_)) {
        admitted_ = true;
    }
    if (by_active_ && !policy_.active) {
        by_active_ = false;  // nobody checks it any more: the admission probe decides
        start_ladder(now);
    }
    if (!policy_.damping) {
        damping_.forgive();
    }
    active_good_ = active_bad_ = 0;
    schedule_active(now);
    return suspension() != before;
}

bool EndpointHealth::set_registry(Status status, const std::string& why, bool by_check, config::TimePoint now) {
    if (status == status_ && why == status_why_) {
        return false;
    }
    const bool was_away = status_ == Status::down || status_ == Status::starting;
    const bool comes_back = status_ != Status::up && status == Status::up;
    if (by_check && status == Status::down && in_service()) {
        fell(now);
    }
    status_ = status;
    status_why_ = why;
    if (comes_back && was_away && needs_admission(policy_, discovered_)) {
        // It may be another process by now; coming back from draining or a pause it is the same one.
        admitted_ = false;
        cause_ = Suspension::none;
        cause_why_.clear();
        by_active_ = false;
        ++era_;
        under_way_ = 0;
        asking_ = false;
    }
    if (comes_back) {
        start_ladder(now);
        schedule_active(now);
        suspicion_.reset();
        question_.reset();
    }
    return true;
}

bool EndpointHealth::set_held(bool held, config::TimePoint now) {
    if (held && !held_) {
        held_next_ = now;
        held_bad_ = 0;
    }
    held_ = held;
    return false;
}

bool EndpointHealth::set_restored(bool restored, config::TimePoint now) {
    const auto before = suspension();
    if (restored && !restored_) {
        last_resort_from_ = now + last_resort_after;
    }
    restored_ = restored;
    last_resort_ = last_resort_ && restored;
    return suspension() != before;
}

void EndpointHealth::inherit(const EndpointHealth& former) {
    admitted_ = admitted_ || former.admitted_;
    cause_ = former.cause_;
    cause_why_ = former.cause_why_;
    by_active_ = former.by_active_;
    ladder_begin_ = former.ladder_begin_;
    ladder_next_ = former.ladder_next_;
    ladder_attempts_ = former.ladder_attempts_;
    active_good_ = former.active_good_;
    active_bad_ = former.active_bad_;
    ejections_ = former.ejections_;
    ejected_until_ = former.ejected_until_;
    damping_ = former.damping_;
    last_resort_from_ = former.last_resort_from_;
}

void EndpointHealth::suspend(Suspension cause, const std::string& why, config::TimePoint now) {
    cause_ = cause;
    cause_why_ = why;
    by_active_ = false;
    suspicion_.reset();
    question_.reset();
    start_ladder(now);
}

void EndpointHealth::restore() {
    admitted_ = true;
    last_resort_ = refused_ = false;
    cause_ = Suspension::none;
    cause_why_.clear();
    by_active_ = false;
    suspicion_.reset();
    active_bad_ = 0;
}

void EndpointHealth::eject(const std::string& what, config::TimePoint now) {
    if (ejections_ > 0 && now - ejected_until_ > policy_.passive.eject_max) {
        ejections_ = 0;  // it has been good for long enough to be believed again
    }
    suspend(Suspension::ejected, what, now);
    ejected_until_ = now + ejection_time(policy_.passive, ejections_++);
}

void EndpointHealth::fell(config::TimePoint now) {
    if (policy_.damping) {
        damping_.fell(now);
    }
}

bool EndpointHealth::at_limit(const Report& report) const {
    const bool counts = report.trouble == Trouble::counted || report.trouble == Trouble::unreachable || report.trouble == Trouble::lost;
    return counts && policy_.passive.enabled && report.consecutive >= policy_.passive.errors;
}

bool EndpointHealth::on_trouble(const Report& report, const Company& company, config::TimePoint now) {
    // Workers count at once and tell a moment later: the first report of a burst comes when all of it has been counted.
    const std::uint32_t known = std::exchange(known_failures_, report.consecutive);
    const std::uint32_t fresh = report.consecutive > known ? report.consecutive - known : 1;
    if (last_resort() && report.trouble == Trouble::refused) {
        last_resort_ = false;
        refused_ = true;
        cause_why_ = report.what;
        return true;
    }
    if (suspension() != Suspension::none || !admitted_) {
        return false;
    }
    if (report.trouble == Trouble::refused) {
        suspend(Suspension::refused, report.what, now);
        return true;
    }
    const bool one_of_many = report.trouble == Trouble::lost || report.trouble == Trouble::cut;
    if (one_of_many && policy_.passive.enabled && losses_.add(fresh, report.in_use, now)) {
        suspend(Suspension::lost, "its connections broke all at once, the last: " + report.what, now);
        return true;
    }
    if (one_of_many && losses_.brewing()) {
        return false;  // an ejection would keep it out though it may be back in a moment
    }
    if (at_limit(report) && may_eject(policy_.passive, company)) {
        eject(std::to_string(report.consecutive) + " failures in a row, the last: " + report.what, now);
        return true;
    }
    if (report.trouble != Trouble::counted && !suspicion_) {
        suspicion_ = std::max(now, last_look_ + look_interval);
    }
    return false;
}

bool EndpointHealth::look_into_silence(config::TimePoint now) {
    if (!in_service() || asking_ || now - last_question_ < look_interval) {
        return false;
    }
    question_ = Purpose::silence;
    last_question_ = now;
    return true;
}

void EndpointHealth::vouch(config::TimePoint now) {
    if (in_service() && !asking_ && !question_) {
        question_ = Purpose::vouch;
        last_question_ = now;
    }
}

bool EndpointHealth::found_frozen(const std::string& why, config::TimePoint now) {
    if (!in_service()) {
        return false;
    }
    suspend_by_probe(Suspension::frozen, why, now);
    return true;
}

bool EndpointHealth::tick(config::TimePoint now) {
    const auto before = suspension();
    damping_.settle(now);
    last_resort_ = restored_ && !admitted_ && !refused_ && now >= last_resort_from_;
    return suspension() != before;
}

std::optional<config::TimePoint> EndpointHealth::next_tick() const {
    auto next = damping_.calm_at();
    if (restored_ && !admitted_ && !refused_ && !last_resort_) {
        next = std::min(next.value_or(last_resort_from_), last_resort_from_);
    }
    return next;
}

}  // namespace cardea::health
