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

bool Guard::gone(const Fact& fact, std::uint64_t since, Evidence evidence) const {
    switch (evidence) {
        case Evidence::proven:
            return true;
        case Evidence::strong:
            return !fact.held || last_full_answer_ >= since;
        case Evidence::settling:
            return !fact.held && !fact.restored;
        case Evidence::weak:
            break;
    }
    return false;
}

void Guard::apply(Publish publish) {
    Query& query = queries_[publish.query];
    ++answers_;
    std::map<EndpointKey, std::uint64_t> held_since;
    std::vector<Fact> held;
    std::size_t restored = 0;
    for (Fact& fact : guard_vanished(query.facts, publish.facts)) {
        const auto since = fact.held ? query.held_since.at(fact.key) : answers_;
        const bool full = publish.facts.size() + held.size() >= most_;  // a source that names others each time
        if (full || gone(fact, since, publish.evidence) || !guard_worth_holding(fact)) {
            continue;
        }
        fact.held = true;
        restored += fact.restored ? 1U : 0U;
        held_since.emplace(fact.key, since);
        held.push_back(std::move(fact));
    }
    if (!publish.facts.empty()) {
        last_full_answer_ = answers_;
    }
    if (held.empty()) {
        query.facts = std::move(publish.facts);
    } else {
        std::vector<Fact> facts;
        facts.reserve(publish.facts.size() + held.size());
        std::merge(std::make_move_iterator(publish.facts.begin()), std::make_move_iterator(publish.facts.end()),
                   std::make_move_iterator(held.begin()), std::make_move_iterator(held.end()), std::back_inserter(facts),
                   [](const Fact& a, const Fact& b) { return a.key < b.key; });
        query.facts = std::move(facts);
    }
    held_ = held_ + held_since.size() - query.held_since.size();
    query.held_since = std::move(held_since);
    query.evidence = publish.evidence;
    query.answered = true;
    query.restored = restored;
}

void Guard::restore(const std::string& query, std::vector<Fact> facts) {
    Query& known = queries_[query];
    if (known.answered) {
        return;
    }
    known.facts = std::move(facts);
    for (Fact& fact : known.facts) {
        fact.restored = true;
    }
    known.restored = known.facts.size();
}

std::vector<std::string> Guard::drop_unanswered() {
    std::vector<std::string> dropped;
    for (auto& [name, query] : queries_) {
        if (!query.answered && !query.facts.empty()) {
            query.facts.clear();
            query.restored = 0;
            dropped.push_back(name);
        }
    }
    return dropped;
}

void Guard::forget(const std::string& query) {
    if (const auto found = queries_.find(query); found != queries_.end()) {
        held_ -= found->second.held_since.size();
        queries_.erase(found);
    }
}

bool Guard::sound(const std::string& query) const {
    const auto found = queries_.find(query);
    return found != queries_.end() && found->second.answered && found->second.held_since.empty() &&
           (found->second.evidence == Evidence::strong || found->second.evidence == Evidence::proven);
}

std::size_t Guard::restored_count() const {
    std::size_t count = 0;
    for (const auto& [name, query] : queries_) {
        count += query.restored;
    }
    return count;
}

bool Guard::answered(const std::string& query) const {
    const auto found = queries_.find(query);
    return found != queries_.end() && found->second.answered;
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
    --held_;
    std::erase_if(found->second.facts, [&](const Fact& fact) {
        const bool it = fact.key == held;
        found->second.restored -= it && fact.restored ? 1U : 0U;
        return it;
    });
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
