#include "discovery/same_instance.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <string_view>
#include <utility>

namespace cardea::discovery {

namespace {

struct Claim {
    const config::Address* address{nullptr};
    std::size_t fact{0};
};

/// Every (address, fact), equal addresses side by side.
std::vector<Claim> claims_of(const FactList& facts) {
    std::vector<Claim> claims;
    claims.reserve(facts.size() * 2);
    for (std::size_t i = 0; i < facts.size(); ++i) {
        for (const config::Address& address : facts[i]->addresses) {
            claims.push_back({&address, i});
        }
    }
    std::sort(claims.begin(), claims.end(), [](const Claim& a, const Claim& b) {
        const auto order = *a.address <=> *b.address;
        return order == 0 ? a.fact < b.fact : order < 0;
    });
    return claims;
}

/// Calls `visit(first, last)` for each run of claims to the same address.
template <typename Visit>
void for_each_address(const std::vector<Claim>& claims, Visit visit) {
    for (auto first = claims.begin(); first != claims.end();) {
        const auto last = std::find_if(first, claims.end(), [first](const Claim& claim) { return *claim.address != *first->address; });
        visit(first, last);
        first = last;
    }
}

/// `<container id>:80/tcp` -> `<container id>`
std::string_view container_of(const Fact& fact) {
    return std::string_view{fact.key.instance}.substr(0, fact.key.instance.find(':'));
}

/// The claimants of one address that lose it, and the winner if there is one.
std::vector<std::size_t> losers_of(const FactList& facts, std::vector<std::size_t> claimants, const Past& past, const EndpointKey* owner,
                                   const Fact** winner) {
    const auto age = [&](std::size_t i) {
        return !past.known.contains(facts[i]->key) ? 0 : owner != nullptr && facts[i]->key == *owner ? 1 : 2;
    };
    const auto better = [&](std::size_t a, std::size_t b) {
        return age(a) != age(b) ? age(a) < age(b) : facts[a]->incarnation > facts[b]->incarnation;
    };
    const auto foreign = [&](std::size_t i) { return facts[i]->key.source != facts[claimants.front()]->key.source; };
    const auto has_another = [&](std::size_t i) { return facts[i]->addresses.size() > 1; };
    const auto local = [&](std::size_t i) { return facts[i]->local_source; };
    std::vector<std::size_t> losers;
    const auto drop_unless = [&](auto keeps) {
        const auto end = std::stable_partition(claimants.begin(), claimants.end(), keeps);
        losers.insert(losers.end(), end, claimants.end());
        claimants.erase(end, claimants.end());
    };
    if (std::any_of(claimants.begin(), claimants.end(), foreign)) {
        if (std::any_of(claimants.begin(), claimants.end(), local)) {
            drop_unless(local);
        } else {
            drop_unless([&](std::size_t i) { return !has_another(i); });
        }
    }
    if (!claimants.empty()) {
        *winner = facts[*std::min_element(claimants.begin(), claimants.end(), better)];
        drop_unless([&](std::size_t i) { return container_of(*facts[i]) == container_of(**winner); });
    }
    return losers;
}

/// Union-find with path halving; the smaller index is the root, so that order is kept.
class Groups {
public:
    explicit Groups(std::size_t size) : parent_(size) { std::iota(parent_.begin(), parent_.end(), std::size_t{0}); }
    std::size_t root(std::size_t i) {
        while (parent_[i] != i) {
            parent_[i] = parent_[parent_[i]];
            i = parent_[i];
        }
        return i;
    }
    void join(std::size_t a, std::size_t b) {
        a = root(a);
        b = root(b);
        parent_[std::max(a, b)] = std::min(a, b);
    }

private:
    std::vector<std::size_t> parent_;
};

void join_by_registrator_id(const FactList& facts, Groups& groups) {
    std::map<std::string_view, std::map<std::string_view, std::vector<std::size_t>>> by_id;  // id -> source -> facts
    for (std::size_t i = 0; i < facts.size(); ++i) {
        if (!facts[i]->registrator_id.empty()) {
            by_id[facts[i]->registrator_id][facts[i]->key.source].push_back(i);
        }
    }
    for (const auto& [id, by_source] : by_id) {
        const std::size_t* former = nullptr;
        for (const auto& [source, members] : by_source) {
            if (members.size() != 1) {
                continue;
            }
            if (former != nullptr) {
                groups.join(*former, members.front());
            }
            former = members.data();
        }
    }
}

}  // namespace

bool from_engine(const EndpointKey& key) {
    return key.source.starts_with("docker:");
}

std::vector<Fact> settle_takeovers(FactList& facts, const Past& past, Owners& owners) {
    FactList engines;
    std::copy_if(facts.begin(), facts.end(), std::back_inserter(engines), [](const Fact* fact) { return from_engine(fact->key); });
    std::map<const Fact*, std::vector<config::Address>> lost;
    for_each_address(claims_of(engines), [&](auto first, auto last) {
        std::vector<std::size_t> claimants;
        std::transform(first, last, std::back_inserter(claimants), [](const Claim& claim) { return claim.fact; });
        const auto same = [&](std::size_t i) { return container_of(*engines[i]) == container_of(*engines[claimants.front()]); };
        if (std::all_of(claimants.begin(), claimants.end(), same)) {
            return;
        }
        const auto owner = past.owners.find(*first->address);
        const Fact* winner = nullptr;
        for (const std::size_t loser :
             losers_of(engines, claimants, past, owner == past.owners.end() ? nullptr : &owner->second, &winner)) {
            lost[engines[loser]].push_back(*first->address);
        }
        if (winner != nullptr) {
            owners.emplace(*first->address, winner->key);
        }
    });
    std::vector<Fact> copies;
    copies.reserve(lost.size());  // the list below points into it
    FactList kept;
    for (const Fact* fact : facts) {
        const auto found = lost.find(fact);
        if (found == lost.end()) {
            kept.push_back(fact);
            continue;
        }
        Fact rest = *fact;
        std::erase_if(rest.addresses, [&](const config::Address& address) {
            return std::find(found->second.begin(), found->second.end(), address) != found->second.end();
        });
        if (!rest.addresses.empty()) {
            copies.push_back(std::move(rest));
            kept.push_back(&copies.back());
        }
    }
    facts = std::move(kept);
    return copies;
}

std::vector<FactList> group_instances(const FactList& facts) {
    Groups groups(facts.size());
    for_each_address(claims_of(facts), [&](auto first, auto last) {
        for (auto claim = first; claim != last; ++claim) {
            groups.join(first->fact, claim->fact);
        }
    });
    join_by_registrator_id(facts, groups);
    std::vector<FactList> by_root(facts.size());
    for (std::size_t i = 0; i < facts.size(); ++i) {
        by_root[groups.root(i)].push_back(facts[i]);
    }
    std::erase_if(by_root, [](const FactList& members) { return members.empty(); });
    return by_root;
}

}  // namespace cardea::discovery
