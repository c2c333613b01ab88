#include "proxy/health/endpoint_health.hpp"

#include "proxy/health/admission.hpp"

#include <algorithm>
#include <utility>

namespace cardea::health {

using balance::Suspension;
using discovery::Status;

namespace {

constexpr config::Duration look_interval{250};  // of one endpoint: closes of idle connections come in bunches
constexpr config::Duration held_interval{1000};
constexpr std::uint32_t held_strikes = 2;  // a refusal ends it at once; anything vaguer must happen twice

}  // namespace

EndpointHealth::EndpointHealth(const config::Health& policy, bool discovered, std::uint64_t seed, config::TimePoint now)
    : policy_(policy),
      discovered_(discovered),
      random_(seed),
      admitted_(!needs_admission(policy, discovered)),
      last_look_(now - look_interval) {
    if (!admitted_) {
        start_ladder(now);
    }
    schedule_active(now);
}

double EndpointHealth::random() {
    random_ += 0x9E3779B97F4A7C15U;  // splitmix64
    std::uint64_t z = random_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return static_cast<double>((z ^ (z >> 31U)) >> 11U) * 0x1.0p-53;
}

Suspension EndpointHealth::suspension() const {
    if (status_ != Status::up) {
        return Suspension::registry;
    }
    return admitted_ ? cause_ : Suspension::unprobed;
}

std::string EndpointHealth::why() const {
    switch (suspension()) {
        case Suspension::none:
            return {};
        case Suspension::registry:
            return status_why_;
        case Suspension::unprobed:
            return cause_why_.empty() ? "no probe has answered yet" : cause_why_;
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
    active_good_ = active_bad_ = 0;
    schedule_active(now);
    return suspension() != before;
}

bool EndpointHealth::set_registry(Status status, const std::string& why, config::TimePoint now) {
    if (status == status_ && why == status_why_) {
        return false;
    }
    const bool was_away = status_ == Status::down || status_ == Status::starting;
    const bool comes_back = status_ != Status::up && status == Status::up;
    status_ = status;
    status_why_ = why;
    if (comes_back && was_away && needs_admission(policy_, discovered_)) {
        // It may be another process by now; coming back from draining or a pause it is the same one.
        admitted_ = false;
        cause_ = Suspension::none;
        cause_why_.clear();
        by_active_ = false;
        stale_probe_ = probing_;
    }
    if (comes_back) {
        start_ladder(now);
        schedule_active(now);
        suspicion_.reset();
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
}

void EndpointHealth::start_ladder(config::TimePoint now) {
    ladder_begin_ = now;
    ladder_next_ = now;
    ladder_attempts_ = 0;
}

void EndpointHealth::schedule_active(config::TimePoint now) {
    if (!policy_.active) {
        return;
    }
    const double spread = 1.0 + policy_.active->jitter * (2.0 * random() - 1.0);
    active_next_ = now + std::chrono::duration_cast<config::TimePoint::duration>(policy_.active->interval * std::max(spread, 0.0));
}

void EndpointHealth::suspend(Suspension cause, const std::string& why, config::TimePoint now) {
    cause_ = cause;
    cause_why_ = why;
    by_active_ = false;
    suspicion_.reset();
    start_ladder(now);
}

void EndpointHealth::restore() {
    admitted_ = true;
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

bool EndpointHealth::at_limit(Trouble trouble, std::uint32_t consecutive) const {
    const bool counts = trouble == Trouble::counted || trouble == Trouble::lost;
    return counts && policy_.passive.enabled && consecutive >= policy_.passive.errors;
}

bool EndpointHealth::on_trouble(Trouble trouble, const std::string& what, std::uint32_t consecutive, const Company& company,
                                config::TimePoint now) {
    if (suspension() != Suspension::none) {
        return false;
    }
    if (trouble == Trouble::refused) {
        suspend(Suspension::refused, what, now);
        return true;
    }
    if (at_limit(trouble, consecutive) && may_eject(policy_.passive, company)) {
        eject(std::to_string(consecutive) + " failures in a row, the last: " + what, now);
        return true;
    }
    const bool worth_a_look = trouble == Trouble::closed || trouble == Trouble::lost;
    if (worth_a_look && may_be_probed(policy_, discovered_) && !suspicion_) {
        suspicion_ = std::max(now, last_look_ + look_interval);
    }
    return false;
}

std::optional<ProbeDue> EndpointHealth::next_probe() const {
    if (probing_) {
        return std::nullopt;
    }
    std::optional<ProbeDue> due;
    const auto offer = [&due](config::TimePoint when, Purpose purpose) {
        if (!due || when < due->when) {
            due = ProbeDue{when, purpose};
        }
    };
    if (held_) {
        offer(held_next_, Purpose::held);
    }
    if (status_ != Status::up) {
        return due;
    }
    if (!admitted_ || (cause_ != Suspension::none && !by_active_)) {
        offer(cause_ == Suspension::ejected && admitted_ ? ejected_until_ : ladder_next_, Purpose::admission);
        return due;
    }
    if (policy_.active) {
        offer(active_next_, Purpose::active);
    }
    if (suspicion_ && cause_ == Suspension::none) {
        offer(*suspicion_, Purpose::suspicion);
    }
    return due;
}

ProbePlan EndpointHealth::plan(Purpose purpose) const {
    return purpose == Purpose::active && policy_.active ? active_plan(*policy_.active) : admission_plan(policy_);
}

bool EndpointHealth::on_probe(Purpose purpose, const ProbeOutcome& outcome, config::TimePoint now) {
    const auto before = suspension();
    const auto why_before = why();
    probing_ = false;
    if (std::exchange(stale_probe_, false)) {
        return false;
    }
    if (outcome.verdict == ProbeOutcome::Verdict::good) {
        good(purpose, now);
    } else {
        bad(purpose, outcome, now);
    }
    return suspension() != before || why() != why_before;
}

void EndpointHealth::good(Purpose purpose, config::TimePoint now) {
    switch (purpose) {
        case Purpose::admission:
            if (!by_active_) {
                restore();
            }
            break;
        case Purpose::suspicion:
            suspicion_.reset();
            last_look_ = now;
            break;
        case Purpose::active:
            schedule_active(now);
            active_bad_ = 0;
            if (by_active_ && ++active_good_ >= policy_.active->up_after) {
                restore();
            }
            break;
        case Purpose::held:
            held_next_ = now + held_interval;
            held_bad_ = 0;
            break;
    }
}

void EndpointHealth::bad(Purpose purpose, const ProbeOutcome& outcome, config::TimePoint now) {
    const bool refused = outcome.verdict == ProbeOutcome::Verdict::refused;
    const Suspension cause = refused ? Suspension::refused : Suspension::probe_failed;
    switch (purpose) {
        case Purpose::admission:
            if (cause_ == Suspension::ejected && !refused) {
                eject("its probe after an ejection: " + outcome.why, now);
                break;
            }
            cause_why_ = outcome.why;
            cause_ = admitted_ ? cause : Suspension::none;
            ++ladder_attempts_;
            ladder_next_ = now + ladder_delay(ladder_attempts_ - 1, std::chrono::duration_cast<config::Duration>(now - ladder_begin_));
            break;
        case Purpose::suspicion:
            last_look_ = now;
            suspend(cause, outcome.why, now);
            ladder_next_ = now + ladder_delay(0, config::Duration{0});
            break;
        case Purpose::active:
            schedule_active(now);
            active_good_ = 0;
            if (refused && cause_ == Suspension::none) {
                suspend(cause, outcome.why, now);
                ladder_next_ = now + ladder_delay(0, config::Duration{0});
            } else if (policy_.active && ++active_bad_ >= policy_.active->down_after && cause_ == Suspension::none) {
                suspend(cause, std::to_string(active_bad_) + " checks failed, the last: " + outcome.why, now);
                by_active_ = true;
            }
            break;
        case Purpose::held:
            held_next_ = now + held_interval;
            absent_ = held_ && (refused || ++held_bad_ >= held_strikes);
            break;
    }
}

}  // namespace cardea::health
