#include "proxy/control/endpoint_book.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

namespace cardea::control {

using balance::Suspension;
using discovery::Status;

namespace {

/// What a dead process's connections get: long enough for bytes that are on their way, too short to hang on.
constexpr config::Duration afterlife{5'000};

bool seen_by_engine(const discovery::Endpoint& endpoint) {
    return std::any_of(endpoint.witnesses.begin(), endpoint.witnesses.end(),
                       [](const auto& key) { return key.source.starts_with("docker:"); });
}

health::Trouble trouble_of(snapshot::Sighting sighting) {
    switch (sighting) {
        case snapshot::Sighting::connect_refused:
            return health::Trouble::refused;
        case snapshot::Sighting::connect_failed:
        case snapshot::Sighting::reset:
            return health::Trouble::lost;
        case snapshot::Sighting::lost_in_use:
        case snapshot::Sighting::idle_reset:
        case snapshot::Sighting::idle_closed:
        case snapshot::Sighting::silent:
            return health::Trouble::closed;
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

std::unique_ptr<EndpointBook::Entry> EndpointBook::make(const config::Service& settings, const discovery::Endpoint& facts, const Now& now) {
    auto state = std::make_shared<balance::EndpointState>(facts.id, settings.name, facts.addresses);
    const std::uint64_t seed = seed_ ^ std::hash<std::string>{}(settings.name + '\n' + facts.id);
    auto entry = std::make_unique<Entry>(Entry{
        std::move(state), health::EndpointHealth(settings.health, facts.discovered, seed, now.steady), facts, {}, {}, now.wall, {}, {}});
    entry->drain = facts.drain.value_or(settings.drain);
    entry->health.set_registry(facts.status, facts.why, now.steady);
    entry->health.set_held(facts.held, now.steady);
    // The workers must not see it eligible before the verdict is in.
    entry->state->suspension.store(entry->health.suspension(), std::memory_order_relaxed);
    return entry;
}

void EndpointBook::enlist(Entry& entry) {
    by_state_[entry.state.get()] = &entry;
    schedule(entry);
}

void EndpointBook::schedule(Entry& entry) {
    unschedule(entry);
    if (!routed_.contains(entry.state->service)) {
        return;
    }
    if (const auto due = entry.health.next_probe()) {
        entry.probe_at = due->when;
        due_.emplace(due->when, &entry);
    }
}

void EndpointBook::unschedule(Entry& entry) {
    if (entry.probe_at) {
        due_.erase({*entry.probe_at, &entry});
        entry.probe_at.reset();
    }
}

/// Makes what the workers and the people see agree with what the entry has come to.
void EndpointBook::settle(Entry& entry, const Now& now, Effects& effects) {
    const Suspension suspension = entry.health.suspension();
    const Suspension shown = entry.state->suspension.exchange(suspension, std::memory_order_relaxed);
    const bool paused = entry.facts.status == Status::paused;
    if (paused != entry.state->move_waiting.exchange(paused, std::memory_order_relaxed) && paused) {
        effects.move_waiting = true;
    }
    if (entry.facts.status == Status::draining) {
        if (entry.word != "draining") {
            entry.deadline = now.steady + entry.drain;
            draining_.insert(&entry);
        }
    } else {
        entry.deadline.reset();
        draining_.erase(&entry);
    }
    const std::string word = state_word(suspension, entry.facts.status);
    if (word != entry.word) {
        effects.transitions.push_back({entry.state->service, entry.facts.id, entry.word, word, entry.health.why()});
        // A worker may have suspended it already; the schedule still counts on it.
        const bool was_up = entry.word == "up" || shown == Suspension::none;
        if (was_up || word == "up") {
            effects.services.insert(entry.state->service);
            effects.urgent = effects.urgent || was_up;
        }
        entry.word = word;
        entry.since = now.wall;
    }
    schedule(entry);
}

void EndpointBook::leave(std::unique_ptr<Entry> entry, bool died, const Now& now, Effects& effects) {
    unschedule(*entry);
    draining_.erase(entry.get());
    by_state_.erase(entry->state.get());
    entry->state->suspension.store(Suspension::removed, std::memory_order_relaxed);
    if (died && !entry->state->move_waiting.exchange(true, std::memory_order_relaxed)) {
        effects.move_waiting = true;
    }
    const auto grace = died ? std::min(afterlife, entry->drain) : entry->drain;
    const auto deadline = entry->deadline ? std::min(*entry->deadline, now.steady + grace) : now.steady + grace;
    leaving_.push_back({std::move(entry->state), std::move(entry->facts.incarnation), deadline});
}

/// An address that somebody else has now must not get what was meant for the one before.
void EndpointBook::abort_taken_over(const discovery::Endpoint& newcomer, Effects& effects) {
    for (Leaving& old : leaving_) {
        if (!old.deadline || old.incarnation == newcomer.incarnation) {
            continue;  // the same process under another name keeps its requests
        }
        const auto& mine = old.state->addresses;
        const bool shared = std::any_of(newcomer.addresses.begin(), newcomer.addresses.end(), [&mine](const config::Address& address) {
            return std::find(mine.begin(), mine.end(), address) != mine.end();
        });
        if (shared) {
            old.deadline.reset();
            effects.abort.push_back(old.state);
        }
    }
}

void EndpointBook::replace(std::unique_ptr<Entry>& entry, const config::Service& settings, const discovery::Endpoint& facts, const Now& now,
                           Effects& effects) {
    const auto& former = *entry->state;
    const std::size_t index = former.address_index.load(std::memory_order_relaxed);
    auto fresh = make(settings, facts, now);
    bool same_process = facts.incarnation == entry->facts.incarnation && index < former.addresses.size();
    if (same_process) {
        const auto still = std::find(facts.addresses.begin(), facts.addresses.end(), former.addresses[index]);
        same_process = still != facts.addresses.end();
        if (same_process) {
            fresh->state->address_index.store(static_cast<std::uint8_t>(still - facts.addresses.begin()), std::memory_order_relaxed);
            fresh->state->consecutive_failures.store(former.consecutive_failures.load(std::memory_order_relaxed),
                                                     std::memory_order_relaxed);
            fresh->health.inherit(entry->health);
        }
    }
    fresh->state->requests.store(former.requests.load(std::memory_order_relaxed), std::memory_order_relaxed);
    fresh->state->failures.store(former.failures.load(std::memory_order_relaxed), std::memory_order_relaxed);
    fresh->word = entry->word;
    fresh->since = entry->since;
    if (same_process) {
        fresh->deadline = entry->deadline;
    }
    leave(std::exchange(entry, std::move(fresh)), !same_process && seen_by_engine(facts), now, effects);
    enlist(*entry);
    if (entry->deadline) {
        draining_.insert(entry.get());
    }
    effects.services.insert(settings.name);
    effects.urgent = true;
    settle(*entry, now, effects);
}

void EndpointBook::change(Entry& entry, const config::Service& settings, const discovery::Endpoint& facts, const Now& now,
                          Effects& effects) {
    if (facts.weight != entry.facts.weight) {
        effects.services.insert(settings.name);
        effects.urgent = effects.urgent || facts.weight < entry.facts.weight;
    }
    entry.facts = facts;
    entry.drain = facts.drain.value_or(settings.drain);
    entry.health.set_policy(settings.health, now.steady);
    entry.health.set_registry(facts.status, facts.why, now.steady);
    entry.health.set_held(facts.held, now.steady);
    settle(entry, now, effects);
}

Effects EndpointBook::update(const config::Service& settings, const discovery::ServiceEndpoints* known, const Now& now) {
    Effects effects;
    Service& service = services_[settings.name];
    Endpoints& mine = service.endpoints;
    const bool same_settings = service.health == settings.health && service.drain == settings.drain;
    service.health = settings.health;
    service.drain = settings.drain;
    static const std::vector<discovery::Endpoint> nothing;
    const auto& theirs = known == nullptr ? nothing : known->endpoints;
    auto old = mine.begin();
    auto next = theirs.begin();
    std::vector<const discovery::Endpoint*> added;
    while (old != mine.end() || next != theirs.end()) {
        if (next == theirs.end() || (old != mine.end() && old->first < next->id)) {
            effects.transitions.push_back({settings.name, old->first, old->second->word, {}, {}});
            effects.services.insert(settings.name);
            effects.urgent = true;
            const bool died = seen_by_engine(old->second->facts);
            leave(std::move(old->second), died, now, effects);
            old = mine.erase(old);
        } else if (old == mine.end() || next->id < old->first) {
            added.push_back(&*next++);
        } else {
            const discovery::Endpoint& former = old->second->facts;
            if (same_settings && former == *next) {
                // Most of them in most updates.
            } else if (former.incarnation != next->incarnation || former.addresses != next->addresses ||
                       former.discovered != next->discovered) {
                replace(old->second, settings, *next, now, effects);
                abort_taken_over(*next, effects);
            } else {
                change(*old->second, settings, *next, now, effects);
            }
            ++old;
            ++next;
        }
    }
    for (const discovery::Endpoint* const facts : added) {
        auto& entry = mine[facts->id] = make(settings, *facts, now);
        enlist(*entry);
        effects.services.insert(settings.name);
        settle(*entry, now, effects);
        if (!leaving_.empty()) {
            abort_taken_over(*facts, effects);
        }
    }
    if (mine.empty()) {
        services_.erase(settings.name);
    }
    return effects;
}

health::Company EndpointBook::company(const std::string& service) const {
    health::Company company;
    const auto found = services_.find(service);
    if (found == services_.end()) {
        return company;
    }
    for (const auto& [id, entry] : found->second.endpoints) {
        const Suspension suspension = entry->health.suspension();
        company.endpoints += entry->facts.status == Status::up ? 1U : 0U;
        company.eligible += suspension == Suspension::none && entry->facts.weight > 0 ? 1U : 0U;
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
    const std::uint32_t consecutive = endpoint->consecutive_failures.load(std::memory_order_relaxed);
    const health::Trouble trouble = trouble_of(sighting);
    // Counting the company costs a walk over the service: only when it decides.
    const auto around = entry.health.at_limit(trouble, consecutive) ? company(endpoint->service) : health::Company{};
    entry.health.on_trouble(trouble, words_of(sighting), consecutive, around, now.steady);
    settle(entry, now, effects);
    return effects;
}

Effects EndpointBook::probed(const std::shared_ptr<balance::EndpointState>& endpoint, health::Purpose purpose,
                             const health::ProbeOutcome& outcome, const Now& now) {
    Effects effects;
    const auto found = by_state_.find(endpoint.get());
    if (found == by_state_.end()) {
        return effects;
    }
    Entry& entry = *found->second;
    if (outcome.verdict == health::ProbeOutcome::Verdict::good) {
        endpoint->address_index.store(outcome.address_index, std::memory_order_relaxed);
        if (purpose == health::Purpose::admission) {
            endpoint->consecutive_failures.store(0, std::memory_order_relaxed);
        }
    }
    entry.health.on_probe(purpose, outcome, now.steady);
    if (entry.health.take_absence()) {
        effects.absent.emplace_back(endpoint->service, entry.facts.id);
    }
    settle(entry, now, effects);
    return effects;
}

Effects EndpointBook::tend(const Now& now) {
    Effects effects;
    for (auto entry = draining_.begin(); entry != draining_.end();) {
        if (*(*entry)->deadline <= now.steady) {
            effects.abort.push_back((*entry)->state);
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
    // Ours is the only reference: no snapshot has it, so nobody can pick it; nobody counts in it, so nobody reads it.
    std::erase_if(leaving_, [](const Leaving& old) {
        return old.state.use_count() == 1 && old.state->in_flight.load(std::memory_order_acquire) == 0;
    });
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

std::optional<ProbeOrder> EndpointBook::take_probe(config::TimePoint now) {
    if (due_.empty() || due_.begin()->first > now) {
        return std::nullopt;
    }
    Entry& entry = *due_.begin()->second;
    const auto due = entry.health.next_probe();
    ProbeOrder order{entry.state, due->purpose, entry.health.plan(due->purpose)};
    entry.health.probe_started();
    schedule(entry);
    return order;
}

std::optional<config::TimePoint> EndpointBook::next_probe() const {
    return due_.empty() ? std::nullopt : std::optional(due_.begin()->first);
}

}  // namespace cardea::control
