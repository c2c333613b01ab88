#include "discovery/service_index.hpp"

namespace cardea::discovery {

namespace {

template <typename Map, typename Key>
void erase_pair(Map& map, const Key& key, const Fact* fact) {
    const auto [first, last] = map.equal_range(key);
    for (auto item = first; item != last; ++item) {
        if (item->second == fact) {
            map.erase(item);
            return;
        }
    }
}

}  // namespace

void ServiceIndex::add(const Fact& fact) {
    by_key_.emplace(fact.key, &fact);
    for (const config::Address& address : fact.addresses) {
        by_address_.emplace(address, &fact);
    }
    if (!fact.registrator_id.empty()) {
        by_registrator_.emplace(fact.registrator_id, &fact);
    }
}

void ServiceIndex::remove(const Fact& fact) {
    erase_pair(by_key_, fact.key, &fact);
    for (const config::Address& address : fact.addresses) {
        erase_pair(by_address_, address, &fact);
    }
    if (!fact.registrator_id.empty()) {
        erase_pair(by_registrator_, fact.registrator_id, &fact);
    }
}

void ServiceIndex::name_endpoint(const std::string& id, const std::vector<EndpointKey>& witnesses) {
    for (const EndpointKey& key : witnesses) {
        endpoints_[key] = id;
    }
}

void ServiceIndex::forget_endpoint(const std::vector<EndpointKey>& witnesses) {
    for (const EndpointKey& key : witnesses) {
        endpoints_.erase(key);
    }
}

const std::string* ServiceIndex::endpoint_of(const EndpointKey& key) const {
    const auto found = endpoints_.find(key);
    return found == endpoints_.end() ? nullptr : &found->second;
}

template <typename Visit>
void ServiceIndex::visit_neighbours(const Fact& fact, Visit visit) const {
    visit(fact.key);
    for (const config::Address& address : fact.addresses) {
        const auto [first, last] = by_address_.equal_range(address);
        for (auto item = first; item != last; ++item) {
            visit(item->second->key);
        }
    }
    if (!fact.registrator_id.empty()) {
        const auto [first, last] = by_registrator_.equal_range(fact.registrator_id);
        for (auto item = first; item != last; ++item) {
            visit(item->second->key);
        }
    }
}

KeySet ServiceIndex::touched(const FactDelta& delta, const Witnesses& witnesses_of, std::size_t most) const {
    KeySet keys;
    std::vector<const EndpointKey*> to_do;  // elements of a node-based set stay where they are
    const auto visit = [&](const EndpointKey& key) {
        if (const auto [place, fresh] = keys.insert(key); fresh) {
            to_do.push_back(&*place);
        }
    };
    for (const auto* list : {&delta.removed, &delta.added}) {
        for (const FactPtr& fact : *list) {
            visit_neighbours(*fact, visit);
        }
    }
    while (!to_do.empty() && keys.size() <= most) {
        const EndpointKey& key = *to_do.back();
        to_do.pop_back();
        const auto [first, last] = by_key_.equal_range(key);
        for (auto item = first; item != last; ++item) {
            visit_neighbours(*item->second, visit);
        }
        if (const std::string* id = endpoint_of(key)) {
            for (const EndpointKey& witness : witnesses_of(*id)) {
                visit(witness);
            }
        }
    }
    return keys;
}

void ServiceIndex::collect(const EndpointKey& key, std::vector<const Fact*>& out) const {
    const auto [first, last] = by_key_.equal_range(key);
    for (auto item = first; item != last; ++item) {
        out.push_back(item->second);
    }
}

}  // namespace cardea::discovery
