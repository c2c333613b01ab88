#include "discovery/merge.hpp"

#include "discovery/same_instance.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace cardea::discovery {

namespace {

/// One fact for each key, live before held, sorted by precedence and key.
FactList merge_order(const std::vector<const Fact*>& facts) {
    FactList list(facts.begin(), facts.end());
    std::stable_sort(list.begin(), list.end(), [](const Fact* a, const Fact* b) {
        const int rank_a = precedence(a->key), rank_b = precedence(b->key);
        if (rank_a != rank_b) {
            return rank_a < rank_b;
        }
        return a->key == b->key ? std::pair(a->held, a->restored) < std::pair(b->held, b->restored) : a->key < b->key;
    });
    const auto same_key = [](const Fact* a, const Fact* b) { return a->key == b->key; };
    list.erase(std::unique(list.begin(), list.end(), same_key), list.end());
    return list;
}

/// Former endpoints by witness, and which of them already live on in a new one.
class Lineage {
public:
    explicit Lineage(const Merged& former) : former_(former), taken_(former.service.endpoints.size(), false) {
        for (std::size_t i = 0; i < taken_.size(); ++i) {
            for (const EndpointKey& key : former.service.endpoints[i].witnesses) {
                by_witness_.emplace(key, i);
            }
        }
    }

    /// The endpoint that these witnesses continue: the first one not continued by another group.
    const Endpoint* continue_one(const std::vector<EndpointKey>& witnesses) {
        for (const EndpointKey& key : witnesses) {
            const auto found = by_witness_.find(key);
            if (found != by_witness_.end() && !taken_[found->second]) {
                taken_[found->second] = true;
                return &former_.service.endpoints[found->second];
            }
        }
        return nullptr;
    }

private:
    const Merged& former_;
    std::vector<bool> taken_;
    std::map<EndpointKey, std::size_t> by_witness_{};
};

/// Former order first, so that a further witness does not move traffic to another address of the same socket.
std::vector<config::Address> unite_addresses(const FactList& group, const Endpoint* former) {
    std::vector<config::Address> all;
    for (const Fact* fact : group) {
        for (const config::Address& address : fact->addresses) {
            if (std::find(all.begin(), all.end(), address) == all.end()) {
                all.push_back(address);
            }
        }
    }
    if (former != nullptr) {
        const auto rank = [former](const config::Address& address) {
            return std::find(former->addresses.begin(), former->addresses.end(), address) - former->addresses.begin();
        };
        std::stable_sort(all.begin(), all.end(), [&rank](const auto& a, const auto& b) { return rank(a) < rank(b); });
    }
    return all;
}

std::string unite_incarnations(const FactList& group, const Endpoint* former, const Merged& before) {
    const bool same = former != nullptr && std::all_of(group.begin(), group.end(), [&before](const Fact* fact) {
                          const auto known = before.incarnations.find(fact->key);
                          return known == before.incarnations.end() || known->second == fact->incarnation;
                      });
    if (same) {
        return former->incarnation;
    }
    std::string all;
    for (const Fact* fact : group) {
        if (!fact->incarnation.empty()) {
            all += (all.empty() ? "" : " ") + fact->incarnation;
        }
    }
    return all;
}

void judge_status(const FactList& group, Endpoint& endpoint) {
    const auto live = [](const Fact* fact) { return !fact->held && !fact->restored; };
    const bool alive = std::any_of(group.begin(), group.end(), live);
    endpoint.held = std::all_of(group.begin(), group.end(), [](const Fact* fact) { return fact->held; });
    endpoint.restored = !alive && std::any_of(group.begin(), group.end(), [](const Fact* fact) { return fact->restored; });
    const Fact* worst = nullptr;
    for (const Fact* fact : group) {
        const bool counts = !alive || live(fact);
        if (counts && (worst == nullptr || fact->status > worst->status)) {
            worst = fact;
        }
    }
    endpoint.status = worst->status;
    endpoint.why = worst->why;
    if (std::any_of(group.begin(), group.end(), [&](const Fact* fact) { return live(fact) && fact->status != worst->status; })) {
        for (const Fact* fact : group) {
            if (live(fact)) {
                endpoint.dispute += (endpoint.dispute.empty() ? "" : ", ") + fact->key.source + ": " + std::string{to_string(fact->status)};
            }
        }
    }
}

/// An engine saw the container end, but a registry that knows nothing newer still names it: the engine is right. The verdict
/// stays until the registry says something new or an engine shows the instance again.
void mind_the_engine(const FactList& group, const Endpoint* former, const Merged& before, Merged& now, Endpoint& endpoint) {
    const auto engine = [](const Fact* fact) { return from_engine(fact->key); };
    if (former == nullptr || std::any_of(group.begin(), group.end(), engine)) {
        return;
    }
    std::string why;
    for (const EndpointKey& key : former->witnesses) {
        if (from_engine(key)) {
            why = key.source + " saw its container end";
        }
    }
    for (const Fact* fact : group) {
        const auto known = before.incarnations.find(fact->key);
        if (known == before.incarnations.end() || known->second != fact->incarnation) {
            return;
        }
        if (const auto still = before.bereaved.find(fact->key); still != before.bereaved.end() && why.empty()) {
            why = still->second;
        }
    }
    if (why.empty()) {
        return;
    }
    for (const Fact* fact : group) {
        now.bereaved.emplace(fact->key, why);
    }
    if (endpoint.status < Status::down) {
        endpoint.status = Status::down;
        endpoint.why = why;
    }
}

Endpoint unite(const FactList& group, const Endpoint* former, const Merged& before, Merged& now) {
    Endpoint endpoint;
    bool written = false, resolved = false, weighed = false;
    for (const Fact* fact : group) {
        endpoint.witnesses.push_back(fact->key);
        endpoint.labels.insert(fact->labels.begin(), fact->labels.end());
        if (!endpoint.drain) {
            endpoint.drain = fact->drain;
        }
        if (!weighed && fact->weight != 1) {
            endpoint.weight = fact->weight;
            weighed = true;
        }
        written = written || precedence(fact->key) < 2;
        resolved = resolved || fact->resolved;
    }
    std::sort(endpoint.witnesses.begin(), endpoint.witnesses.end());
    endpoint.discovered = !written || resolved;
    endpoint.addresses = unite_addresses(group, former);
    endpoint.incarnation = unite_incarnations(group, former, before);
    judge_status(group, endpoint);
    mind_the_engine(group, former, before, now, endpoint);
    return endpoint;
}

Past past_of(const Merged& former) {
    Past past{.owners = former.owners};
    for (const auto& [key, incarnation] : former.incarnations) {
        past.known.insert(key);
    }
    return past;
}

/// The first witness names a new endpoint; a number tells it from another that carries that name still.
std::string fresh_id(const EndpointKey& key, const std::set<std::string>& used, const TakenId& taken) {
    for (std::size_t n = 1;; ++n) {
        std::string id = n == 1 ? key.instance : key.instance + "#" + std::to_string(n);
        if (!used.contains(id) && !(taken && taken(id))) {
            return id;
        }
    }
}

}  // namespace

int precedence(const EndpointKey& key) {
    constexpr std::array<std::string_view, 4> prefixes{"static", "file:", "consul:", "docker:"};
    const auto found =
        std::find_if(prefixes.begin(), prefixes.end(), [&key](std::string_view prefix) { return key.source.starts_with(prefix); });
    return static_cast<int>(found - prefixes.begin());
}

Merged merge(const std::string& upstream, const std::vector<const Fact*>& facts, const Merged& former, const TakenId& taken) {
    Merged now;
    now.service.service = upstream;
    FactList list = merge_order(facts);
    for (const Fact* fact : list) {
        now.incarnations.emplace(fact->key, fact->incarnation);
    }
    const std::vector<Fact> changed = settle_takeovers(list, past_of(former), now.owners);
    const std::vector<FactList> groups = group_instances(list);

    Lineage lineage(former);
    std::vector<const Endpoint*> ancestors;
    std::set<std::string> used;
    for (const FactList& group : groups) {
        std::vector<EndpointKey> witnesses;
        std::transform(group.begin(), group.end(), std::back_inserter(witnesses), [](const Fact* fact) { return fact->key; });
        ancestors.push_back(lineage.continue_one(witnesses));
        if (ancestors.back() != nullptr) {
            used.insert(ancestors.back()->id);
        }
    }
    for (std::size_t i = 0; i < groups.size(); ++i) {
        Endpoint endpoint = unite(groups[i], ancestors[i], former, now);
        endpoint.id = ancestors[i] != nullptr ? ancestors[i]->id : fresh_id(groups[i].front()->key, used, taken);
        used.insert(endpoint.id);
        now.service.endpoints.push_back(std::move(endpoint));
    }
    std::sort(now.service.endpoints.begin(), now.service.endpoints.end(), [](const Endpoint& a, const Endpoint& b) { return a.id < b.id; });
    return now;
}

}  // namespace cardea::discovery
