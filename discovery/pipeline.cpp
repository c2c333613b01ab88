#include "discovery/pipeline.hpp"

#include "discovery/pipeline_state.hpp"
#include "discovery/query.hpp"
#include "discovery/same_instance.hpp"

#include <algorithm>
#include <utility>

namespace cardea::discovery {

namespace {

constexpr std::size_t refusals_max = 100;

std::set<config::Address> places_of(const std::vector<FactPtr>& facts) {
    std::set<config::Address> places;
    for (const FactPtr& fact : facts) {
        places.insert(fact->addresses.begin(), fact->addresses.end());
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

}  // namespace

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
    state.service_endpoints_max = config.discovery.max_service_endpoints;
    state.endpoints_max = config.discovery.max_endpoints;
    const auto& sources = state.references.sources();
    for (auto& [source, guard] : state.guards) {
        guard.hold_at_most(state.service_endpoints_max);
    }
    std::erase_if(state.guards, [&sources](const auto& item) { return !sources.contains(item.first); });
    std::erase_if(state.answers, [&state](const auto& item) {
        const bool used = still_used(state.references, item.first);
        if (const auto guard = state.guards.find(item.first.source); !used && guard != state.guards.end()) {
            guard->second.forget(item.first.query);
        }
        state.facts_in_all -= used ? 0 : item.second.size();
        return !used;
    });
    std::erase_if(state.too_much, [&state](const auto& item) { return !still_used(state.references, item.first); });
    std::set<std::string> upstreams;
    for (const auto& [name, references] : state.references.upstreams()) {
        upstreams.insert(name);
    }
    for (auto& [reference, answer] : state.answers) {
        state.refresh(reference, [](const Fact&) { return true; });  // the policy may be another
        upstreams.merge(state.references.users(reference));
    }
    Changes gone;
    std::erase_if(state.catalog, [&](const auto& item) {
        const bool stays = upstreams.contains(item.first);
        if (!stays) {
            gone.upstreams.insert(item.first);
            gone.urgent = true;
            state.upstreams.erase(item.first);
        }
        return !stays;
    });
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
    if (!state_->admits(reference, publish.facts.size())) {
        return {};
    }
    Guard& guard = state_->guard_of(reference);
    const Occasion occasion{reference.source, publish.cause, std::string{to_string(publish.evidence)}};
    guard.apply(std::move(publish));
    const FactDelta delta = state_->refresh(reference);
    Changes changes;
    if (!delta.empty()) {
        changes = state_->amend(state_->references.users(reference), delta);
        changes.host_names = state_->update_host_names();
        std::set<config::Address> taken = places_of(delta.added);
        const std::set<config::Address> before = places_of(delta.removed);
        std::erase_if(taken, [&before](const config::Address& address) { return before.contains(address); });
        changes += state_->give_way(reference, taken);
    }
    changes.occasion = occasion;
    return changes;
}

Changes Pipeline::restore(std::string_view source, const std::string& query, std::vector<Fact> facts) {
    const Reference reference{std::string{source}, query};
    if (!still_used(state_->references, reference) || !state_->admits(reference, facts.size())) {
        return {};
    }
    state_->guard_of(reference).restore(query, std::move(facts));
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
        known.addresses.resize(std::min(known.addresses.size(), name_addresses_max));
        known.why = known.addresses.empty() ? "no such host" : "";
    } else {
        known.why = std::move(resolution.error);
    }
    const auto needs_it = [&name](const Fact& fact) {
        return std::any_of(fact.addresses.begin(), fact.addresses.end(), [&name](const config::Address& address) {
            return address.kind == config::Address::Kind::name && address.name == name;
        });
    };
    Changes changes;
    for (auto& [reference, answer] : state.answers) {
        if (answer.names().contains(name)) {
            changes += state.after(reference, needs_it);
        }
    }
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
            dropped = (key.source == reference.source && state.guard_of(reference).let_go(reference.query, key)) || dropped;
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

std::vector<std::string> Pipeline::excesses() const {
    std::vector<std::string> all;
    for (const auto& [reference, why] : state_->too_much) {
        if (all.size() < refusals_max) {
            all.push_back(why);
        }
    }
    return all;
}

std::vector<std::string> Pipeline::refusals() const {
    std::vector<std::string> all;
    for (const auto& [reference, answer] : state_->answers) {
        answer.refusals(all, refusals_max);
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    all.resize(std::min(all.size(), refusals_max));
    return all;
}

const Pipeline::Work& Pipeline::work() const {
    return state_->work;
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
