#include "proxy/control/endpoint_book.hpp"

#include "proxy/control/receipts.hpp"

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

/// Sources answer one after the other: who comes so soon after the first still belongs to the first set.
constexpr config::Duration founding_time{1'000};

bool seen_by_engine(const discovery::Endpoint& endpoint) {
    return std::any_of(endpoint.witnesses.begin(), endpoint.witnesses.end(),
                       [](const auto& key) { return key.source.starts_with("docker:"); });
}

/// A registry that checks by itself: there, down is the verdict of a check.
bool checked_by_registry(const discovery::Endpoint& endpoint) {
    return std::any_of(endpoint.witnesses.begin(), endpoint.witnesses.end(),
                       [](const auto& key) { return key.source.starts_with("consul:"); });
}

}  // namespace

std::unique_ptr<EndpointBook::Entry> EndpointBook::make(const config::Service& settings, const discovery::Endpoint& facts, const Now& now) {
    auto state = std::make_shared<balance::EndpointState>(facts.id, settings.name, facts.addresses);
    const std::uint64_t seed = seed_ ^ std::hash<std::string>{}(settings.name + '\n' + facts.id);
    auto entry = std::make_unique<Entry>(Entry{
        .state = std::move(state), .health = {settings.health, facts.discovered, seed, now.steady}, .facts = facts, .since = now.wall});
    entry->drain = facts.drain.value_or(settings.drain);
    tell_registry(*entry, now);
    // The workers must not see it eligible before the verdict is in.
    entry->state->suspension.store(entry->health.suspension(), std::memory_order_relaxed);
    return entry;
}

void EndpointBook::tell_registry(Entry& entry, const Now& now) {
    const discovery::Endpoint& facts = entry.facts;
    entry.health.set_registry(facts.status, facts.why, checked_by_registry(facts), now.steady);
    entry.health.set_held(facts.held, now.steady);
    entry.health.set_restored(facts.restored, now.steady);
}

void EndpointBook::enlist(Entry& entry) {
    by_state_[entry.state.get()] = &entry;
    schedule(entry);
}

void EndpointBook::leave(std::unique_ptr<Entry> entry, bool died, const Now& now, Effects& effects) {
    unschedule(*entry);
    draining_.erase(entry.get());
    ramping_.erase(entry.get());
    by_state_.erase(entry->state.get());
    services_.at(entry->state->service).silent.erase(entry.get());
    const auto signalled = entry->signalled.value_or(ended_at(*entry->state));
    entry->state->suspension.store(Suspension::removed, std::memory_order_relaxed);
    if (died && !entry->state->move_waiting.exchange(true, std::memory_order_relaxed)) {
        effects.move_waiting = true;
    }
    const auto grace = died ? std::min(afterlife, entry->drain) : entry->drain;
    const auto latest = now.steady + grace;
    const auto deadline = std::min(entry->deadline.value_or(latest), latest);
    leaving_.push_back({std::move(entry->state), std::move(entry->facts.incarnation), deadline, signalled});
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
    fresh->founding = entry->founding;
    if (same_process) {
        fresh->leaving = entry->leaving;
        fresh->deadline = entry->deadline;
        fresh->ramp_begin = entry->ramp_begin;
        fresh->share = entry->share;
    }
    tell_registry(*fresh, now);
    fresh->word = entry->word;
    fresh->since = entry->since;
    leave(std::exchange(entry, std::move(fresh)), !same_process && seen_by_engine(facts), now, effects);
    enlist(*entry);
    if (entry->deadline) {
        draining_.insert(entry.get());
    }
    if (entry->ramp_begin) {
        ramping_.insert(entry.get());
    }
    effects.transitions.push_back(transition(*entry, entry->word, same_process ? "address" : "another process"));
    effects.services.insert(settings.name);
    effects.urgent = true;
    settle(*entry, now, effects);
}

void EndpointBook::change(Entry& entry, const config::Service& settings, const discovery::Endpoint& facts, const Now& now,
                          Effects& effects) {
    const bool weighs_other = facts.weight != entry.facts.weight;
    if (weighs_other) {
        effects.services.insert(settings.name);
        effects.urgent = effects.urgent || facts.weight < entry.facts.weight;
    }
    entry.facts = facts;
    if (weighs_other) {
        effects.transitions.push_back(transition(entry, entry.word, "weight " + std::to_string(facts.weight)));
    }
    entry.drain = facts.drain.value_or(settings.drain);
    entry.health.set_policy(settings.health, now.steady);
    tell_registry(entry, now);
    settle(entry, now, effects);
}

Effects EndpointBook::update(const config::Service& settings, const discovery::ServiceEndpoints* known, const Now& now) {
    Effects effects;
    Service& service = services_[settings.name];
    Endpoints& mine = service.endpoints;
    const bool same_settings =
        service.health == settings.health && service.drain == settings.drain && service.slow_start == settings.slow_start;
    service.health = settings.health;
    service.drain = settings.drain;
    service.slow_start = settings.slow_start;
    static const std::vector<discovery::Endpoint> nothing;
    const auto& theirs = known == nullptr ? nothing : known->endpoints;
    auto old = mine.begin();
    auto next = theirs.begin();
    std::vector<const discovery::Endpoint*> added;
    while (old != mine.end() || next != theirs.end()) {
        if (next == theirs.end() || (old != mine.end() && old->first < next->id)) {
            effects.transitions.push_back(transition(*old->second, {}, {}));
            effects.services.insert(settings.name);
            effects.urgent = true;
            if (old->second->word == "up") {
                went_down(service, *old->second, now, effects);
            }
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
        entry->founding = now.steady - service.up_since.value_or(now.steady) < founding_time;
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

}  // namespace cardea::control
