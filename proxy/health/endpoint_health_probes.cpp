// Which probe is due, and what its outcome means.
#include "proxy/health/admission.hpp"
#include "proxy/health/endpoint_health.hpp"

#include <algorithm>

namespace cardea::health {

using balance::Suspension;
using discovery::Status;

namespace {

constexpr config::Duration held_interval{1000};
constexpr config::Duration unmade_pause{100};
constexpr std::uint32_t held_strikes = 2;  // a refusal ends it at once; anything vaguer must happen twice

// A first probe that hangs (a lost packet, a thread that is stuck at start) must not hold up the next: another goes out
// beside it, then a third, a fourth, each after twice as long.
constexpr std::uint32_t most_at_once = 4;
constexpr config::Duration beside_after{100};

bool is_question(Purpose purpose) {
    return purpose == Purpose::silence || purpose == Purpose::vouch;
}

}  // namespace

double EndpointHealth::random() {
    random_ += 0x9E3779B97F4A7C15U;  // splitmix64
    std::uint64_t z = random_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return static_cast<double>((z ^ (z >> 31U)) >> 11U) * 0x1.0p-53;
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

std::optional<ProbeDue> EndpointHealth::next_probe() const {
    std::optional<ProbeDue> due;
    const auto offer = [&due](config::TimePoint when, Purpose purpose, bool patient) {
        if (!due || when < due->when) {
            due = ProbeDue{when, purpose, patient};
        }
    };
    if (question_ && !asking_ && in_service()) {
        offer(last_question_, *question_, false);
    }
    const bool climbs = status_ == Status::up && (!admitted_ || (cause_ != Suspension::none && !by_active_));
    const bool patient = ladder_next_ - ladder_begin_ >= ladder_haste;
    if (under_way_ > 0) {
        if (climbs && !admitted_ && under_way_ < most_at_once) {
            offer(newest_ended_ ? ladder_next_ : begun_ + beside_after * (1U << (under_way_ - 1)), Purpose::admission, patient);
        }
        return due;
    }
    if (held_) {
        offer(held_next_, Purpose::held, true);
    }
    if (climbs) {
        offer(cause_ == Suspension::ejected && admitted_ ? ejected_until_ : ladder_next_, Purpose::admission, patient);
    } else if (status_ == Status::up) {
        if (policy_.active) {
            offer(active_next_, Purpose::active, true);
        }
        if (suspicion_ && cause_ == Suspension::none) {
            offer(*suspicion_, Purpose::suspicion, false);
        }
    }
    return due;
}

void EndpointHealth::probe_started(Purpose purpose, config::TimePoint now) {
    if (is_question(purpose)) {
        asking_ = true;
        question_.reset();
    } else {
        ++under_way_;
        begun_ = now;
        newest_ended_ = false;
    }
}

ProbePlan EndpointHealth::plan(Purpose purpose) const {
    switch (purpose) {
        case Purpose::active:
            return policy_.active ? active_plan(*policy_.active) : admission_plan(policy_);
        case Purpose::suspicion:
            return suspicion_plan(policy_, discovered_);
        case Purpose::silence:
        case Purpose::vouch:
            return silence_plan(policy_, silence_timeout);
        case Purpose::admission:
            if (cause_ == Suspension::frozen) {
                return silence_plan(policy_, policy_.admission_timeout);
            }
            break;
        case Purpose::held:
            break;
    }
    return admission_plan(policy_);
}

bool EndpointHealth::on_probe(Purpose purpose, std::uint32_t era, const ProbeOutcome& outcome, config::TimePoint now) {
    if (era != era_) {
        return false;
    }
    const auto before = suspension();
    const auto why_before = why();
    if (is_question(purpose)) {
        asking_ = false;
    } else if (under_way_ > 0) {
        --under_way_;
        newest_ended_ = true;  // the one that hangs is hardly the youngest
    }
    if (outcome.verdict == ProbeOutcome::Verdict::good) {
        good(purpose, now);
    } else if (outcome.verdict == ProbeOutcome::Verdict::unmade) {
        put_off(purpose, now);
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
            if (by_active_ && policy_.active && ++active_good_ >= policy_.active->up_after) {
                restore();
            }
            break;
        case Purpose::held:
            held_next_ = now + held_interval;
            held_bad_ = 0;
            break;
        case Purpose::silence:
        case Purpose::vouch:
            break;
    }
}

/// A probe that could not be made changes nothing: it is due again a little later.
void EndpointHealth::put_off(Purpose purpose, config::TimePoint now) {
    const config::TimePoint later = now + unmade_pause;
    switch (purpose) {
        case Purpose::admission:
            ladder_next_ = std::max(ladder_next_, later);
            if (cause_ == Suspension::ejected) {
                ejected_until_ = std::max(ejected_until_, later);
            }
            break;
        case Purpose::suspicion:
            if (suspicion_) {
                suspicion_ = later;
            }
            break;
        case Purpose::active:
            schedule_active(now);
            break;
        case Purpose::held:
            held_next_ = now + held_interval;
            break;
        case Purpose::silence:
        case Purpose::vouch:
            break;  // asked again while the silence lasts
    }
}

/// The ladder begins behind the probe that failed: its first step, not another probe at once.
void EndpointHealth::suspend_by_probe(Suspension cause, const std::string& why, config::TimePoint now) {
    if (in_service()) {
        fell(now);
    }
    suspend(cause, why, now);
    ladder_next_ = now + ladder_delay(0, config::Duration{0});
}

void EndpointHealth::bad_admission(const ProbeOutcome& outcome, config::TimePoint now) {
    const bool refused = outcome.verdict == ProbeOutcome::Verdict::refused;
    if (admitted_ && in_service()) {
        return;  // one that went out beside it was quicker and good
    }
    if (cause_ == Suspension::ejected && !refused) {
        return eject("its probe after an ejection: " + outcome.why, now);
    }
    if (!admitted_) {
        refused_ = refused;
        last_resort_ = last_resort_ && !refused;
        cause_ = Suspension::none;
    } else if (refused || cause_ != Suspension::frozen) {
        cause_ = refused ? Suspension::refused : Suspension::probe_failed;
    }
    cause_why_ = outcome.why;
    ++ladder_attempts_;
    ladder_next_ = now + ladder_delay(ladder_attempts_ - 1, std::chrono::duration_cast<config::Duration>(now - ladder_begin_));
}

void EndpointHealth::bad(Purpose purpose, const ProbeOutcome& outcome, config::TimePoint now) {
    const bool refused = outcome.verdict == ProbeOutcome::Verdict::refused;
    const Suspension cause = refused ? Suspension::refused : Suspension::probe_failed;
    switch (purpose) {
        case Purpose::admission:
            bad_admission(outcome, now);
            break;
        case Purpose::suspicion:
            last_look_ = now;
            suspend_by_probe(cause, outcome.why, now);
            break;
        case Purpose::active:
            schedule_active(now);
            active_good_ = 0;
            if (refused && cause_ == Suspension::none) {
                suspend_by_probe(cause, outcome.why, now);
            } else if (policy_.active && ++active_bad_ >= policy_.active->down_after && cause_ == Suspension::none) {
                suspend_by_probe(cause, std::to_string(active_bad_) + " checks failed, the last: " + outcome.why, now);
                by_active_ = true;
            }
            break;
        case Purpose::held:
            held_next_ = now + held_interval;
            absent_ = held_ && (refused || ++held_bad_ >= held_strikes);
            break;
        case Purpose::silence:
        case Purpose::vouch:
            if (refused && in_service()) {
                suspend_by_probe(cause, outcome.why, now);
            }
            break;  // what silence means is for those to say who know the peers
    }
}

}  // namespace cardea::health
