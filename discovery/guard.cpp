#include "discovery/guard.hpp"

#include <algorithm>
#include <utility>

namespace cardea::discovery {

namespace {

/// Only what serves is worth holding: a draining or failing instance that is not named any more is simply gone.
bool guard_worth_holding(const Fact& fact) {
    return fact.status == Status::up || fact.status == Status::starting;
}

/// The facts of `former` whose keys `next` lacks; both are sorted by key.
std::vector<Fact> guard_vanished(const std::vector<Fact>& former, const std::vector<Fact>& next) {
    std::vector<Fact> gone;
    std::set_difference(former.begin(), former.end(), next.begin(), next.end(), std::back_inserter(gone),
                        [](const Fact& a, const Fact& b) { return a.key < b.key; });
    return gone;
}

}  // namespace

void Guard::apply(Publish publish) {
    Query& query = queries_[publish.query];
    ++query.answers;
    std::map<EndpointKey, std::uint64_t> held_since;
    std::vector<Fact> held;
    for (Fact& fact : guard_vanished(query.facts, publish.facts)) {
        const auto since = fact.held ? query.held_since.at(fact.key) : query.answers;
        const bool gone = publish.evidence == Evidence::strong ? !fact.held || query.last_full_answer >= since
                                                               : publish.evidence == Evidence::settling && !fact.held;
        if (gone || !guard_worth_holding(fact)) {
            continue;
        }
        fact.held = true;
        held_since.emplace(fact.key, since);
        held.push_back(std::move(fact));
    }
    if (!publish.facts.empty()) {
        query.last_full_answer = query.answers;
    }
    std::vector<Fact> facts;
    facts.reserve(publish.facts.size() + held.size());
    std::merge(std::make_move_iterator(publish.facts.begin()), std::make_move_iterator(publish.facts.end()),
               std::make_move_iterator(held.begin()), std::make_move_iterator(held.end()), std::back_inserter(facts),
               [](const Fact& a, const Fact& b) { return a.key < b.key; });
    query.facts = std::move(facts);
    query.held_since = std::move(held_since);
}

bool Guard::let_go(const std::string& query, const EndpointKey& key) {
    const auto found = queries_.find(query);
    if (found == queries_.end()) {
        return false;
    }
    EndpointKey held = key;
    if (!found->second.held_since.contains(held)) {
        held.instance.erase(std::min(held.instance.rfind('@'), held.instance.size()));
    }
    if (found->second.held_since.erase(held) == 0) {
        return false;
    }
    std::erase_if(found->second.facts, [&held](const Fact& fact) { return fact.key == held; });
    return true;
}

std::vector<Guard::Held> Guard::held() const {
    std::vector<Held> all;
    for (const auto& [name, query] : queries_) {
        if (query.held_since.empty()) {
            continue;
        }
        for (const Fact& fact : query.facts) {
            if (fact.held) {
                all.push_back({name, fact});
            }
        }
    }
    return all;
}

bool Guard::holds_any() const {
    return std::any_of(queries_.begin(), queries_.end(), [](const auto& item) { return !item.second.held_since.empty(); });
}

const std::vector<Fact>& Guard::facts(const std::string& query) const {
    static const std::vector<Fact> none;
    const auto found = queries_.find(query);
    return found == queries_.end() ? none : found->second.facts;
}

std::vector<std::string> Guard::queries() const {
    std::vector<std::string> names;
    names.reserve(queries_.size());
    for (const auto& [name, query] : queries_) {
        names.push_back(name);
    }
    return names;
}

}  // namespace cardea::discovery
