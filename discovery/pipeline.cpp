#include "discovery/pipeline.hpp"

#include "discovery/address_policy.hpp"
#include "discovery/expand_names.hpp"
#include "discovery/guard.hpp"
#include "discovery/merge.hpp"
#include "discovery/query.hpp"
#include "discovery/references.hpp"
#include "discovery/same_instance.hpp"

#include <algorithm>
#include <utility>

namespace cardea::discovery {

namespace {

constexpr std::size_t refusals_max = 100;
/// A source may invent names without end; those that the configuration does not know are kept up to here.
constexpr std::size_t discovered_upstreams_max = 10'000;

/// Something that served is gone, or serves less.
bool got_worse(const ServiceEndpoints& before, const ServiceEndpoints& now) {
    return std::any_of(before.endpoints.begin(), before.endpoints.end(), [&now](const Endpoint& old) {
        const auto same = std::lower_bound(now.endpoints.begin(), now.endpoints.end(), old.id,
                                           [](const Endpoint& endpoint, const std::string& id) { return endpoint.id < id; });
        return same == now.endpoints.end() || same->id != old.id || same->status > old.status || same->incarnation != old.incarnation ||
               (same->weight == 0 && old.weight > 0);
    });
}

std::set<config::Address> places_of(const std::vector<Fact>& facts) {
    std::set<config::Address> places;
    for (const Fact& fact : facts) {
        places.insert(fact.addresses.begin(), fact.addresses.end());
    }
    return places;
}

/// Does anybody look at this answer? An engine tells everything once, so its answers are kept for later configurations.
bool still_used(const References& references, const Reference& reference) {
    if (!references.sources().contains(reference.source)) {
        return false;
    }
    if (from_engine({reference.source, {}})) {
        return true;
    }
    const std::vector<std::string> wanted = references.wanted(reference.source);
    return std::find(wanted.begin(), wanted.end(), reference.query) != wanted.end() ||
           std::find(wanted.begin(), wanted.end(), every_service) != wanted.end();
}

/// What a forgotten source said must not count as its having seen the end of anything.
void drop_witnesses(Merged& merged, const std::set<std::string, std::less<>>& sources) {
    for (Endpoint& endpoint : merged.service.endpoints) {
        std::erase_if(endpoint.witnesses, [&sources](const EndpointKey& key) { return !sources.contains(key.source); });
    }
}

}  // namespace

struct Pipeline::State {
    /// One query's facts on their way: what the guard lets through, and what names and policy make of it.
    struct Answer {
        std::vector<Fact> usable{};
        std::set<std::string> names{};
        std::vector<std::string> refusals{};
    };

    std::vector<config::IpAddress> local_addresses{};
    References references{};
    AddressPolicy policy{};
    std::map<std::string, Guard, std::less<>> guards{};
    std::map<Reference, Answer> answers{};
    Resolutions resolutions{};
    std::set<std::string> host_names{};
    std::map<std::string, Merged> merged{};
    Catalog catalog{};

    /// Names and policy again over what the guard holds. True when the outcome differs.
    bool refresh(const Reference& reference);
    Changes rebuild(const std::set<std::string>& upstreams);
    bool update_host_names();
    Changes after(const Reference& reference);
    /// Somebody has just been named at these addresses: whoever else is only held there is gone, and the probes that keep
    /// it alive are answered by the newcomer.
    Changes give_way(const Reference& newcomer, const std::set<config::Address>& addresses);
};

bool Pipeline::State::refresh(const Reference& reference) {
    Answer& answer = answers[reference];
    const std::vector<Fact>& facts = guards[reference.source].facts(reference.query);
    answer.names.clear();
    collect_names(facts, answer.names);
    std::vector<Fact> usable = expand_names(facts, resolutions);
    answer.refusals.clear();
    std::erase_if(usable, [this, &answer](Fact& fact) {
        const auto why = policy.judge(fact);
        if (why && answer.refusals.size() < refusals_max) {
            answer.refusals.push_back(fact.key.source + " " + fact.key.instance + " of " + fact.service + ": " + *why);
        }
        return why.has_value();
    });
    if (usable == answer.usable) {
        return false;
    }
    answer.usable = std::move(usable);
    return true;
}

Changes Pipeline::State::rebuild(const std::set<std::string>& upstreams) {
    Changes changes;
    for (const std::string& name : upstreams) {
        std::vector<const Fact*> facts;
        for (const Reference& reference : references.of(name)) {
            if (const auto found = answers.find(reference); found != answers.end()) {
                for (const Fact& fact : found->second.usable) {
                    facts.push_back(&fact);
                }
            }
        }
        const auto published = catalog.find(name);
        const bool known = published != catalog.end();
        if (!known && !references.upstreams().contains(name) && (facts.empty() || catalog.size() >= discovered_upstreams_max)) {
            continue;
        }
        Merged next = merge(name, facts, merged[name]);
        if (known && *published->second == next.service) {
            merged[name] = std::move(next);
            continue;
        }
        changes.upstreams.insert(name);
        changes.urgent = changes.urgent || (known && got_worse(*published->second, next.service));
        catalog[name] = std::make_shared<const ServiceEndpoints>(next.service);
        merged[name] = std::move(next);
    }
    return changes;
}

bool Pipeline::State::update_host_names() {
    std::set<std::string> names;
    for (const auto& [reference, answer] : answers) {
        names.insert(answer.names.begin(), answer.names.end());
    }
    if (names == host_names) {
        return false;
    }
    host_names = std::move(names);
    std::erase_if(resolutions, [this](const auto& item) { return !host_names.contains(item.first); });
    return true;
}

Changes Pipeline::State::after(const Reference& reference) {
    if (!refresh(reference)) {
        return {};
    }
    Changes changes = rebuild(references.users(reference));
    changes.host_names = update_host_names();
    return changes;
}

Changes Pipeline::State::give_way(const Reference& newcomer, const std::set<config::Address>& addresses) {
    Changes changes;
    if (addresses.empty()) {
        return changes;
    }
    for (auto& [source, guard] : guards) {
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

Changes& Changes::operator+=(Changes other) {
    upstreams.merge(other.upstreams);
    if (occasion.source.empty() && occasion.cause.empty()) {
        occasion = std::move(other.occasion);
    }
    urgent = urgent || other.urgent;
    host_names = host_names || other.host_names;
    return *this;
}

Pipeline::Pipeline(std::vector<config::IpAddress> local_addresses) : state_(std::make_unique<State>()) {
    state_->local_addresses = std::move(local_addresses);
}

Pipeline::~Pipeline() = default;

Changes Pipeline::configure(const config::Config& config) {
    State& state = *state_;
    state.references = References(config);
    state.policy = AddressPolicy(config, state.local_addresses);
    const auto& sources = state.references.sources();
    std::erase_if(state.guards, [&sources](const auto& item) { return !sources.contains(item.first); });
    std::erase_if(state.answers, [&state](const auto& item) {
        const bool used = still_used(state.references, item.first);
        if (const auto guard = state.guards.find(item.first.source); !used && guard != state.guards.end()) {
            guard->second.forget(item.first.query);
        }
        return !used;
    });
    std::set<std::string> upstreams;
    for (const auto& [name, references] : state.references.upstreams()) {
        upstreams.insert(name);
    }
    for (auto& [reference, answer] : state.answers) {
        state.refresh(reference);
        upstreams.merge(state.references.users(reference));
    }
    Changes gone;
    std::erase_if(state.catalog, [&](const auto& item) {
        const bool stays = upstreams.contains(item.first);
        if (!stays) {
            gone.upstreams.insert(item.first);
            gone.urgent = true;
            state.merged.erase(item.first);
        }
        return !stays;
    });
    for (auto& [name, merged] : state.merged) {
        drop_witnesses(merged, sources);
    }
    Changes changes = state.rebuild(upstreams);
    changes.host_names = state.update_host_names();
    changes.occasion.cause = "configuration";
    return changes += std::move(gone);
}

std::vector<std::string> Pipeline::wanted(std::string_view source) const {
    std::vector<std::string> queries = state_->references.wanted(source);
    const auto guard = state_->guards.find(source);
    if (guard != state_->guards.end() && std::find(queries.begin(), queries.end(), every_service) != queries.end()) {
        // An earlier run knew more than the source may list now: only an answer of its own ends what was restored.
        for (std::string& query : guard->second.queries()) {
            if (!guard->second.answered(query)) {
                queries.push_back(std::move(query));
            }
        }
    }
    return queries;
}

Changes Pipeline::apply(std::string_view source, Publish publish) {
    if (!state_->references.sources().contains(source)) {
        return {};  // the last words of a source that a reload has dropped
    }
    const Reference reference{std::string{source}, publish.query};
    Guard& guard = state_->guards[reference.source];
    const Occasion occasion{reference.source, publish.cause, std::string{to_string(publish.evidence)}};
    const auto holds = [](const auto& item) { return item.second.held_count() > 0; };
    if (std::none_of(state_->guards.begin(), state_->guards.end(), holds)) {
        guard.apply(std::move(publish));
        Changes changes = state_->after(reference);
        changes.occasion = occasion;
        return changes;
    }
    const std::set<config::Address> before = places_of(guard.facts(reference.query));
    guard.apply(std::move(publish));
    std::set<config::Address> taken = places_of(guard.facts(reference.query));
    std::erase_if(taken, [&before](const config::Address& address) { return before.contains(address); });
    Changes changes = state_->after(reference);
    changes.occasion = occasion;
    return changes += state_->give_way(reference, taken);
}

Changes Pipeline::restore(std::string_view source, const std::string& query, std::vector<Fact> facts) {
    const Reference reference{std::string{source}, query};
    if (!still_used(state_->references, reference)) {
        return {};
    }
    state_->guards[reference.source].restore(query, std::move(facts));
    Changes changes = state_->after(reference);
    changes.occasion = {reference.source, "restored from disk", {}};
    return changes;
}

Changes Pipeline::synced(std::string_view source) {
    Changes changes;
    const auto guard = state_->guards.find(source);
    if (guard == state_->guards.end()) {
        return changes;
    }
    for (const std::string& query : guard->second.drop_unanswered()) {
        changes += state_->after({std::string{source}, query});
    }
    changes.occasion = {std::string{source}, "not in its first complete answer", std::string{to_string(Evidence::strong)}};
    return changes;
}

bool Pipeline::knows_enough(std::string_view source) const {
    const auto guard = state_->guards.find(source);
    if (guard == state_->guards.end()) {
        return false;
    }
    const std::vector<std::string> known = guard->second.queries();
    const std::vector<std::string> asked = wanted(source);
    return std::all_of(asked.begin(), asked.end(), [&known](const std::string& query) {
        return query == every_service || std::find(known.begin(), known.end(), query) != known.end();
    });
}

bool Pipeline::answered_or_restored(std::string_view source, const std::string& query) const {
    const auto guard = state_->guards.find(source);
    return guard != state_->guards.end() && guard->second.knows(query);
}

const std::vector<Fact>* Pipeline::sound_facts(std::string_view source, const std::string& query) const {
    const auto guard = state_->guards.find(source);
    return guard != state_->guards.end() && guard->second.sound(query) ? &guard->second.facts(query) : nullptr;
}

const std::set<std::string>& Pipeline::host_names() const {
    return state_->host_names;
}

Changes Pipeline::resolved(const std::string& name, Resolution resolution) {
    State& state = *state_;
    Resolved& known = state.resolutions[name];
    if (resolution.error.empty()) {
        known.addresses = std::move(resolution.addresses);
        std::sort(known.addresses.begin(), known.addresses.end());
        known.addresses.erase(std::unique(known.addresses.begin(), known.addresses.end()), known.addresses.end());
        known.why = known.addresses.empty() ? "no such host" : "";
    } else {
        known.why = std::move(resolution.error);
    }
    std::set<std::string> upstreams;
    for (auto& [reference, answer] : state.answers) {
        if (answer.names.contains(name) && state.refresh(reference)) {
            upstreams.merge(state.references.users(reference));
        }
    }
    Changes changes = state.rebuild(upstreams);
    changes.occasion.cause = "resolved " + name;
    return changes;
}

Changes Pipeline::probe_failed(std::string_view upstream, std::string_view endpoint_id) {
    State& state = *state_;
    const auto service = state.catalog.find(upstream);
    if (service == state.catalog.end()) {
        return {};
    }
    const auto& endpoints = service->second->endpoints;
    const auto endpoint = std::find_if(endpoints.begin(), endpoints.end(), [&](const Endpoint& one) { return one.id == endpoint_id; });
    if (endpoint == endpoints.end() || !endpoint->held) {
        return {};
    }
    const std::vector<EndpointKey> witnesses = endpoint->witnesses;  // the catalog changes below
    Changes changes;
    for (const Reference& reference : state.references.of(std::string{upstream})) {
        bool dropped = false;
        for (const EndpointKey& key : witnesses) {
            dropped = (key.source == reference.source && state.guards[reference.source].let_go(reference.query, key)) || dropped;
        }
        if (dropped) {
            changes += state.after(reference);
        }
    }
    changes.occasion = {witnesses.empty() ? std::string{} : witnesses.front().source, "held, and nobody answers its probe", "probe"};
    return changes;
}

const Catalog& Pipeline::catalog() const {
    return state_->catalog;
}

std::vector<std::string> Pipeline::refusals() const {
    std::vector<std::string> all;
    for (const auto& [reference, answer] : state_->answers) {
        all.insert(all.end(), answer.refusals.begin(), answer.refusals.end());
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    all.resize(std::min(all.size(), refusals_max));
    return all;
}

Pipeline::Size Pipeline::size(std::string_view source) const {
    Size size;
    const auto guard = state_->guards.find(source);
    if (guard == state_->guards.end()) {
        return size;
    }
    for (const std::string& query : guard->second.queries()) {
        const std::size_t instances = guard->second.facts(query).size();
        size.services += instances > 0 ? 1U : 0U;
        size.instances += instances;
    }
    size.held = guard->second.held_count();
    size.restored = guard->second.restored_count();
    return size;
}

}  // namespace cardea::discovery
