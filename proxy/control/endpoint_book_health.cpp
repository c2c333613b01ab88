// What workers and probes have to say of the endpoints, what time brings, and what follows.
#include "proxy/control/endpoint_book.hpp"

#include "proxy/control/receipts.hpp"

#include <algorithm>
#include <utility>

namespace cardea::control {

using balance::Suspension;
using discovery::Status;

namespace {

health::Trouble trouble_of(snapshot::Sighting sighting) {
    switch (sighting) {
        case snapshot::Sighting::connect_refused:
            return health::Trouble::refused;
        case snapshot::Sighting::connect_failed:
            return health::Trouble::unreachable;
        case snapshot::Sighting::reset:
            return health::Trouble::lost;
        case snapshot::Sighting::lost_in_use:
        case snapshot::Sighting::idle_reset:
            return health::Trouble::cut;
        case snapshot::Sighting::idle_closed:
            return health::Trouble::closed;
        case snapshot::Sighting::silent:  // a case of its own
        case snapshot::Sighting::stalled:
        case snapshot::Sighting::first_byte_timeout:
        case snapshot::Sighting::bad_status:
        case snapshot::Sighting::malformed:
            break;
    }
    return health::Trouble::counted;
}

std::string words_of(snapshot::Sighting sighting) {
    switch (sighting) {
        case snapshot::Sighting::connect_refused:
            return "connection refused";
        case snapshot::Sighting::connect_failed:
            return "no connection";
        case snapshot::Sighting::reset:
            return "connection lost";
        case snapshot::Sighting::lost_in_use:
            return "connection lost under a request";
        case snapshot::Sighting::idle_reset:
            return "idle connection reset";
        case snapshot::Sighting::idle_closed:
            return "idle connection closed";
        case snapshot::Sighting::silent:
            return "silent while requests wait";
        case snapshot::Sighting::stalled:
            return "response stalled";
        case snapshot::Sighting::first_byte_timeout:
            return "no answer in time";
        case snapshot::Sighting::bad_status:
            return "error status";
        case snapshot::Sighting::malformed:
            return "malformed answer";
    }
    return {};
}

}  // namespace

void EndpointBook::schedule(Entry& entry) {
    unschedule(entry);
    if (const auto tick = entry.health.next_tick()) {
        entry.tick = tick;
        ticks_.emplace(*tick, &entry);
    }
    if (!routed_.contains(entry.state->service)) {
        return;
    }
    if (const auto due = entry.health.next_probe()) {
        entry.probe = due;
        lane_of(*due).emplace(due->when, &entry);
    }
}

void EndpointBook::unschedule(Entry& entry) {
    if (entry.probe) {
        lane_of(*entry.probe).erase({entry.probe->when, &entry});
        entry.probe.reset();
    }
    if (entry.tick) {
        ticks_.erase({*entry.tick, &entry});
        entry.tick.reset();
    }
}

void EndpointBook::settle_deadline(Entry& entry, const Now& now) {
    const Status status = entry.health.registry();
    const bool leaving = status == Status::draining || status == Status::down;
    if (leaving && !entry.leaving) {
        entry.deadline = now.steady + entry.drain;
        draining_.insert(&entry);
    } else if (!leaving) {
        entry.deadline.reset();
        draining_.erase(&entry);
    }
    entry.leaving = leaving;
}

/// Makes what the workers and the people see agree with what the entry has come to.
void EndpointBook::settle(Entry& entry, const Now& now, Effects& effects) {
    Service& service = services_.at(entry.state->service);
    if (entry.health.suspension() == Suspension::flapping && service.up == 0) {
        entry.health.forgive();  // never the last one
    }
    const Suspension suspension = entry.health.suspension();
    if (entry.health.registry() != Status::draining && entry.health.registry() != Status::down) {
        entry.signalled.reset();
    } else if (!entry.signalled) {
        entry.signalled = ended_at(*entry.state);
    }
    const Suspension shown = entry.state->suspension.exchange(suspension, std::memory_order_relaxed);
    const bool moves = entry.health.registry() == Status::paused || suspension == Suspension::frozen;
    if (moves != entry.state->move_waiting.exchange(moves, std::memory_order_relaxed) && moves) {
        effects.move_waiting = true;
    }
    settle_deadline(entry, now);
    const std::string word = entry.health.last_resort() ? "restored" : state_word(suspension, entry.health.registry());
    if (word != entry.word) {
        effects.transitions.push_back(transition(entry, word, entry.health.why()));
        // A worker may have suspended it already; the schedule still counts on it.
        const bool was_served = entry.word == "up" || entry.word == "restored" || shown == Suspension::none;
        const bool is_served = suspension == Suspension::none;
        if (was_served || is_served) {
            effects.services.insert(entry.state->service);
            effects.urgent = effects.urgent || was_served || service.up == 0;
        }
        const bool was_up = entry.word == "up";
        if (word == "up") {
            came_up(service, entry, now);
        }
        entry.word = word;
        entry.since = now.wall;
        if (was_up) {
            went_down(service, entry, now, effects);
        }
    }
    schedule(entry);
}

/// Slow start is for who joins others: whoever comes into an empty service, and those known by then, begin together.
void EndpointBook::came_up(Service& service, Entry& entry, const Now& now) {
    if (service.up++ == 0) {
        service.up_since = now.steady;
        for (const auto& [id, one] : service.endpoints) {
            one->founding = true;
        }
    }
    const bool same_process = entry.word == "draining" || entry.word == "paused";
    if (service.slow_start > config::Duration::zero() && !entry.founding && !same_process) {
        entry.ramp_begin = now.steady;
        entry.share = health::first_share;
        ramping_.insert(&entry);
    }
    entry.founding = false;
}

void EndpointBook::went_down(Service& service, Entry& entry, const Now& now, Effects& effects) {
    entry.ramp_begin.reset();
    entry.share = health::full_share;
    ramping_.erase(&entry);
    if (--service.up == 0) {
        service.up_since.reset();
        forgive_flapping(service, now, effects);
    }
}

void EndpointBook::forgive_flapping(Service& service, const Now& now, Effects& effects) {
    for (const auto& [id, one] : service.endpoints) {
        if (one->word == "flapping" && service.up == 0) {
            settle(*one, now, effects);
        }
    }
}

void EndpointBook::grow_shares(const Now& now, Effects& effects) {
    for (auto at = ramping_.begin(); at != ramping_.end();) {
        Entry& entry = **at;
        const auto whole = services_.at(entry.state->service).slow_start;
        const std::uint32_t share = health::slow_start_share(now.steady - entry.ramp_begin.value_or(now.steady), whole);
        if (std::exchange(entry.share, share) != share) {
            effects.services.insert(entry.state->service);
        }
        if (share == health::full_share) {
            entry.ramp_begin.reset();
            at = ramping_.erase(at);
        } else {
            ++at;
        }
    }
}

health::Company EndpointBook::company(const std::string& service) const {
    health::Company company;
    const auto found = services_.find(service);
    if (found == services_.end()) {
        return company;
    }
    for (const auto& [id, entry] : found->second.endpoints) {
        const Suspension suspension = entry->health.suspension();
        company.endpoints += entry->health.registry() == Status::up ? 1U : 0U;
        company.eligible += suspension == Suspension::none && !entry->health.last_resort() && entry->facts.weight > 0 ? 1U : 0U;
        company.ejected += suspension == Suspension::ejected ? 1U : 0U;
    }
    return company;
}

Effects EndpointBook::saw(balance::EndpointState* endpoint, snapshot::Sighting sighting, const Now& now) {
    Effects effects;
    const auto found = by_state_.find(endpoint);
    if (found == by_state_.end()) {
        return effects;  // it left while the message was on its way
    }
    Entry& entry = *found->second;
    if (sighting == snapshot::Sighting::silent) {
        on_silence(entry, now);
        return effects;
    }
    const health::Report report{.trouble = trouble_of(sighting),
                                .what = words_of(sighting),
                                .consecutive = endpoint->consecutive_failures.load(std::memory_order_relaxed),
                                .in_use = endpoint->in_flight.load(std::memory_order_relaxed)};
    // Counting the company costs a walk over the service: only when it decides.
    const auto around = entry.health.at_limit(report) ? company(endpoint->service) : health::Company{};
    entry.health.on_trouble(report, around, now.steady);
    settle(entry, now, effects);
    return effects;
}

Effects EndpointBook::probed(const ProbeOrder& order, const health::ProbeOutcome& outcome, const Now& now) {
    Effects effects;
    const auto found = by_state_.find(order.endpoint.get());
    if (found == by_state_.end()) {
        return effects;
    }
    Entry& entry = *found->second;
    const bool good = outcome.verdict == health::ProbeOutcome::Verdict::good;
    if (good && order.era == entry.health.era()) {
        order.endpoint->address_index.store(outcome.address_index, std::memory_order_relaxed);
        if (order.purpose == health::Purpose::admission) {
            order.endpoint->consecutive_failures.store(0, std::memory_order_relaxed);
        }
    }
    entry.health.on_probe(order.purpose, order.era, outcome, now.steady);
    if (entry.health.take_absence()) {
        effects.absent.emplace_back(order.endpoint->service, entry.facts.id);
    }
    settle(entry, now, effects);
    const bool made = outcome.verdict != health::ProbeOutcome::Verdict::unmade;
    if (made && (order.purpose == health::Purpose::silence || order.purpose == health::Purpose::vouch)) {
        hear_silence(entry, good, now, effects);
    }
    return effects;
}

Effects EndpointBook::tend(const Now& now) {
    Effects effects;
    for (auto entry = draining_.begin(); entry != draining_.end();) {
        if ((*entry)->deadline.value_or(now.steady) <= now.steady) {
            if ((*entry)->state->in_flight.load(std::memory_order_relaxed) > 0) {
                effects.abort.push_back((*entry)->state);
            }
            (*entry)->deadline.reset();
            entry = draining_.erase(entry);
        } else {
            ++entry;
        }
    }
    for (Leaving& old : leaving_) {
        if (old.deadline && *old.deadline <= now.steady) {
            old.deadline.reset();
            effects.abort.push_back(old.state);
        }
    }
    // Ours is the only reference: no snapshot has it, so nobody can pick it; nobody counts in it, so nobody reads it. Who ends a
    // request puts its connection into his pool before, so asking in this order is enough.
    std::erase_if(leaving_, [&effects](const Leaving& old) {
        const bool gone = old.state.use_count() == 1 && old.state->in_flight.load(std::memory_order_acquire) == 0 &&
                          old.state->pools.load(std::memory_order_acquire) == 0;
        if (gone) {
            effects.departures.push_back({old.state->service, old.state->id, receipt_since(old.signalled, ended_at(*old.state))});
        }
        return gone;
    });
    while (!ticks_.empty() && ticks_.begin()->first <= now.steady) {
        Entry& entry = *ticks_.begin()->second;
        entry.health.tick(now.steady);
        settle(entry, now, effects);
    }
    grow_shares(now, effects);
    for (const auto& [state, entry] : by_state_) {
        if (state->suspension.load(std::memory_order_relaxed) == Suspension::refused && entry->health.suspension() == Suspension::none) {
            effects += saw(entry->state.get(), snapshot::Sighting::connect_refused, now);
        }
    }
    return effects;
}

std::optional<config::TimePoint> EndpointBook::next_deadline() const {
    std::optional<config::TimePoint> next;
    const auto offer = [&next](const std::optional<config::TimePoint>& when) {
        if (when && (!next || *when < *next)) {
            next = when;
        }
    };
    for (const Entry* const entry : draining_) {
        offer(entry->deadline);
    }
    for (const Leaving& old : leaving_) {
        offer(old.deadline);
    }
    for (const Entry* const entry : ramping_) {
        if (entry->ramp_begin) {
            offer(*entry->ramp_begin + health::next_share_after(entry->share, services_.at(entry->state->service).slow_start));
        }
    }
    if (!ticks_.empty()) {
        offer(ticks_.begin()->first);
    }
    return next;
}

void EndpointBook::set_routed(const std::set<std::string>& services) {
    const auto former = std::exchange(routed_, services);
    for (const auto& [name, service] : services_) {
        if (former.contains(name) != routed_.contains(name)) {
            for (const auto& [id, entry] : service.endpoints) {
                schedule(*entry);
            }
        }
    }
}

/// Null when nothing is due. Who waits comes first, but the patient ones are never starved.
const EndpointBook::Due* EndpointBook::next_lane(config::TimePoint now) const {
    constexpr std::uint32_t share_of_the_patient = 4;
    const auto ready = [now](const Due& lane) { return !lane.empty() && lane.begin()->first <= now; };
    const bool patient_first = orders_ % share_of_the_patient == 0;
    const Due& first = due_[patient_first ? 1 : 0];
    const Due& second = due_[patient_first ? 0 : 1];
    return ready(first) ? &first : ready(second) ? &second : nullptr;
}

std::optional<ProbeOrder> EndpointBook::take_probe(config::TimePoint now) {
    const Due* const lane = next_lane(now);
    if (lane == nullptr) {
        return std::nullopt;
    }
    ++orders_;
    Entry& entry = *lane->begin()->second;
    const auto purpose = entry.probe->purpose;  // NOLINT(bugprone-unchecked-optional-access): what is in a lane has one
    ProbeOrder order{entry.state, purpose, entry.health.era(), entry.health.plan(purpose)};
    entry.health.probe_started(purpose, now);
    schedule(entry);
    return order;
}

std::optional<config::TimePoint> EndpointBook::next_probe() const {
    std::optional<config::TimePoint> next;
    for (const Due& lane : due_) {
        if (!lane.empty()) {
            next = std::min(next.value_or(lane.begin()->first), lane.begin()->first);
        }
    }
    return next;
}

}  // namespace cardea::control
