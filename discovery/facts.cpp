#include "discovery/facts.hpp"

#include <algorithm>

namespace cardea::discovery {

std::size_t sort_by_key(std::vector<Fact>& facts) {
    std::stable_sort(facts.begin(), facts.end(), [](const Fact& a, const Fact& b) { return a.key < b.key; });
    const auto same = [](const Fact& a, const Fact& b) { return a.key == b.key; };
    const auto end = std::unique(facts.begin(), facts.end(), same);
    const auto dropped = static_cast<std::size_t>(facts.end() - end);
    facts.erase(end, facts.end());
    return dropped;
}

Fact written_fact(const std::string& source, const std::string& service, const config::StaticEndpoint& endpoint) {
    Fact fact;
    fact.key = {source, config::to_string(endpoint.address)};
    fact.service = service;
    fact.addresses = {endpoint.address};
    fact.weight = endpoint.weight;
    fact.local_source = true;
    return fact;
}

}  // namespace cardea::discovery
