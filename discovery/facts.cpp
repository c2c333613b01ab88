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

std::string_view to_string(Status status) {
    switch (status) {
        case Status::up:
            return "up";
        case Status::starting:
            return "starting";
        case Status::draining:
            return "draining";
        case Status::paused:
            return "paused";
        case Status::down:
            return "down";
    }
    return "";
}

std::string_view to_string(Evidence evidence) {
    switch (evidence) {
        case Evidence::strong:
            return "strong";
        case Evidence::settling:
            return "settling";
        case Evidence::weak:
            return "weak";
        case Evidence::proven:
            return "proven";
    }
    return "";
}

}  // namespace cardea::discovery
