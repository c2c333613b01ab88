// How the catalog follows the facts: whole upstreams at a new configuration, else only what hangs together with a change.

#include "discovery/pipeline_state.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace cardea::discovery {

namespace {

/// A source may invent names without end; those that the configuration does not know are kept up to here.
constexpr std::size_t discovered_upstreams_max = 10'000;

bool by_id(const Endpoint& a, const Endpoint& b) {
    return a.id < b.id;
}

/// Something that served is gone, or serves less. Both are sorted by id.
bool got_worse(const std::vector<Endpoint>& before, const std::vector<Endpoint>& now) {
    return std::any_of(before.begin(), before.end(), [&now](const Endpoint& old) {
        const auto same = std::lower_bound(now.begin(), now.end(), old, by_id);
        return same == now.end() || same->id != old.id || same->status > old.status || same->incarnation != old.incarnation ||
               (same->weight == 0 && old.weight > 0);
    });
}

const Endpoint* endpoint_by_id(const std::vector<Endpoint>& endpoints, const std::string& id) {
    const auto found = std::lower_bound(endpoints.begin(), endpoints.end(), id,
                                        [](const Endpoint& one, const std::string& wanted) { return one.id < wanted; });
    return found != endpoints.end() && found->id == id ? &*found : nullptr;
}

/// `from` restricted to these keys.
template <typename Value>
std::map<EndpointKey, Value> only(const std::map<EndpointKey, Value>& from, const KeySet& keys) {
    std::map<EndpointKey, Value> part;
    for (const EndpointKey& key : keys) {
        if (const auto found = from.find(key); found != from.end()) {
            part.insert(*found);
        }
    }
    return part;
}

template <typename Value>
void replace_keys(std::map<EndpointKey, Value>& in, const KeySet& keys, std::map<EndpointKey, Value> with) {
    for (const EndpointKey& key : keys) {
        in.erase(key);
    }
    in.merge(with);
}

/// The endpoints of `fresh` in the place of `old`; all are sorted by id.
void splice(std::vector<Endpoint>& all, const std::vector<Endpoint>& old, std::vector<Endpoint> fresh) {
    const bool same_ids =
        std::equal(old.begin(), old.end(), fresh.begin(), fresh.end(), [](const Endpoint& a, const Endpoint& b) { return a.id == b.id; });
    if (same_ids) {
        for (Endpoint& endpoint : fresh) {
            const auto place = std::lower_bound(all.begin(), all.end(), endpoint, by_id);
            *place = std::move(endpoint);
        }
        return;
    }
    std::erase_if(all, [&old](const Endpoint& endpoint) { return std::binary_search(old.begin(), old.end(), endpoint, by_id); });
    const auto middle = static_cast<std::ptrdiff_t>(all.size());
    std::move(fresh.begin(), fresh.end(), std::back_inserter(all));
    std::inplace_merge(all.begin(), all.begin() + middle, all.end(), by_id);
}

/// What a forgotten source said must not count as its having seen the end of anything.
void drop_witnesses(Merged& merged, const std::set<std::string, std::less<>>& sources) {
    for (Endpoint& endpoint : merged.service.endpoints) {
        std::erase_if(endpoint.witnesses, [&sources](const EndpointKey& key) { return !sources.contains(key.source); });
    }
}

}  // namespace

bool Pipeline::State::admits(const Reference& reference, std::size_t facts) {
    const auto known = answers.find(reference);
    const std::size_t former = known == answers.end() ? 0 : known->second.size();
    std::string why;
    if (reference.source == "static") {
        // what a person wrote down is taken
    } else if (facts > service_endpoints_max) {
        ++work.services_too_large;
        why = std::to_string(facts) + " endpoints of one service, at most " + std::to_string(service_endpoints_max);
    } else if (facts > former && facts_in_all - former + facts > endpoints_max) {
        ++work.too_many_in_all;
        why = std::to_string(facts_in_all - former + facts) + " endpoints in all, at most " + std::to_string(endpoints_max);
    }
    if (why.empty()) {
        too_much.erase(reference);
        return true;
    }
    too_much[reference] = reference.source + " " + reference.query + ": " + why + " are taken: what was known before stays in force";
    return false;
}

Guard& Pipeline::State::guard_of(const Reference& reference) {
    const auto [guard, first] = guards.try_emplace(reference.source);
    if (first) {
        guard->second.hold_at_most(service_endpoints_max);
    }
    return guard->second;
}

FactDelta Pipeline::State::refresh(const Reference& reference, const Again& again) {
    Answer& answer = answers[reference];
    facts_in_all -= answer.size();
    FactDelta delta = answer.take(guard_of(reference).facts(reference.query), {resolutions, policy}, again);
    facts_in_all += answer.size();
    return delta;
}

void Pipeline::State::rebuild_one(const std::string& name, Changes& changes) {
    std::vector<const Fact*> facts;
    for (const Reference& reference : references.of(name)) {
        if (const auto found = answers.find(reference); found != answers.end()) {
            found->second.collect(facts);
        }
    }
    const auto published = catalog.find(name);
    const bool known = published != catalog.end();
    if (!known && !references.upstreams().contains(name) && (facts.empty() || catalog.size() >= discovered_upstreams_max)) {
        upstreams.erase(name);
        return;
    }
    Upstream& upstream = upstreams[name];
    if (known) {
        upstream.memory.service = *published->second;
        drop_witnesses(upstream.memory, references.sources());
    }
    Merged next = merge(name, facts, upstream.memory);
    ++work.upstreams_merged;
    work.facts_merged += facts.size();
    upstream.index.clear();
    for (const Fact* fact : facts) {
        upstream.index.add(*fact);
    }
    for (const Endpoint& endpoint : next.service.endpoints) {
        upstream.index.name_endpoint(endpoint.id, endpoint.witnesses);
    }
    if (!known || *published->second != next.service) {
        changes.upstreams.insert(name);
        changes.urgent = changes.urgent || (known && got_worse(published->second->endpoints, next.service.endpoints));
        catalog[name] = std::make_shared<ServiceEndpoints>(std::move(next.service));
    }
    next.service = {};
    upstream.memory = std::move(next);
}

Changes Pipeline::State::rebuild(const std::set<std::string>& names) {
    Changes changes;
    for (const std::string& name : names) {
        rebuild_one(name, changes);
    }
    return changes;
}

Changes Pipeline::State::amend(const std::set<std::string>& names, const FactDelta& delta) {
    Changes changes;
    for (const std::string& name : names) {
        if (!amend_one(name, delta, changes)) {
            rebuild_one(name, changes);
        }
    }
    return changes;
}

/// False when there is nothing to build on, or so much is touched that the whole costs no more.
bool Pipeline::State::amend_one(const std::string& name, const FactDelta& delta, Changes& changes) {
    const auto found = upstreams.find(name);
    const auto published = catalog.find(name);
    if (found == upstreams.end() || published == catalog.end()) {
        return false;
    }
    Upstream& upstream = found->second;
    for (const FactPtr& fact : delta.removed) {
        upstream.index.remove(*fact);
    }
    for (const FactPtr& fact : delta.added) {
        upstream.index.add(*fact);
    }
    const auto& endpoints = published->second->endpoints;
    const auto witnesses_of = [&endpoints](const std::string& id) -> const std::vector<EndpointKey>& {
        static const std::vector<EndpointKey> none;
        const Endpoint* const endpoint = endpoint_by_id(endpoints, id);
        return endpoint == nullptr ? none : endpoint->witnesses;
    };
    const std::size_t most = upstream.index.size() / 2;
    const KeySet keys = upstream.index.touched(delta, witnesses_of, most);
    if (keys.size() > most) {
        return false;
    }
    std::vector<const Fact*> facts;
    std::set<std::string> ids;
    for (const EndpointKey& key : keys) {
        upstream.index.collect(key, facts);
        if (const std::string* id = upstream.index.endpoint_of(key)) {
            ids.insert(*id);
        }
    }
    Merged former{.incarnations = only(upstream.memory.incarnations, keys),
                  .owners = upstream.memory.owners,
                  .bereaved = only(upstream.memory.bereaved, keys)};
    for (const std::string& id : ids) {  // sorted, as the endpoints are
        former.service.endpoints.push_back(*endpoint_by_id(endpoints, id));
    }
    Merged part =
        merge(name, facts, former, [&](const std::string& id) { return !ids.contains(id) && endpoint_by_id(endpoints, id) != nullptr; });
    ++work.upstreams_merged;
    work.facts_merged += facts.size();
    for (const auto* list : {&delta.removed, &delta.added}) {
        for (const FactPtr& fact : *list) {
            for (const config::Address& address : fact->addresses) {
                upstream.memory.owners.erase(address);
            }
        }
    }
    for (const Fact* fact : facts) {
        for (const config::Address& address : fact->addresses) {
            upstream.memory.owners.erase(address);
        }
    }
    upstream.memory.owners.merge(part.owners);
    replace_keys(upstream.memory.incarnations, keys, std::move(part.incarnations));
    replace_keys(upstream.memory.bereaved, keys, std::move(part.bereaved));
    put(name, former.service.endpoints, std::move(part), changes);
    return true;
}

/// The endpoints of `part` in the place of `old`.
void Pipeline::State::put(const std::string& name, const std::vector<Endpoint>& old, Merged part, Changes& changes) {
    std::vector<Endpoint>& fresh = part.service.endpoints;
    if (old == fresh) {
        return;
    }
    changes.upstreams.insert(name);
    changes.urgent = changes.urgent || got_worse(old, fresh);
    ServiceIndex& index = upstreams[name].index;
    for (const Endpoint& endpoint : old) {
        index.forget_endpoint(endpoint.witnesses);
    }
    for (const Endpoint& endpoint : fresh) {
        index.name_endpoint(endpoint.id, endpoint.witnesses);
    }
    std::shared_ptr<const ServiceEndpoints>& published = catalog[name];
    // Nobody else holds it: changed where it is, for it was made here and is not const by itself.
    const bool mine = published.use_count() == 1;
    auto next = mine ? std::const_pointer_cast<ServiceEndpoints>(published) : std::make_shared<ServiceEndpoints>(*published);
    splice(next->endpoints, old, std::move(fresh));
    published = std::move(next);
}

bool Pipeline::State::update_host_names() {
    std::set<std::string> names;
    for (const auto& [reference, answer] : answers) {
        for (const auto& [name, count] : answer.names()) {
            names.insert(name);
        }
    }
    if (names == host_names) {
        return false;
    }
    host_names = std::move(names);
    std::erase_if(resolutions, [this](const auto& item) { return !host_names.contains(item.first); });
    return true;
}

Changes Pipeline::State::after(const Reference& reference, const Again& again) {
    const FactDelta delta = refresh(reference, again);
    Changes changes;
    if (!delta.empty()) {
        changes = amend(references.users(reference), delta);
    }
    changes.host_names = update_host_names();
    return changes;
}

Changes Pipeline::State::give_way(const Reference& newcomer, const std::set<config::Address>& addresses) {
    Changes changes;
    if (addresses.empty()) {
        return changes;
    }
    for (auto& [source, guard] : guards) {
        if (guard.held_count() == 0) {
            continue;
        }
        for (const Guard::Held& held : guard.held()) {
            const Reference reference{source, held.query};
            const bool robbed =
                reference != newcomer && std::any_of(held.fact.addresses.begin(), held.fact.addresses.end(),
                                                     [&addresses](const auto& address) { return addresses.contains(address); });
            if (robbed && guard.let_go(held.query, held.fact.key)) {
                changes += after(reference);
            }
        }
    }
    return changes;
}

}  // namespace cardea::discovery
