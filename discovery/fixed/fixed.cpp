#include "discovery/fixed/fixed.hpp"

#include "discovery/facts.hpp"
#include "discovery/make_provider.hpp"

#include <utility>

namespace cardea::fixed {

Fixed::Fixed(std::string service, const std::vector<config::StaticEndpoint>& endpoints) : service_(std::move(service)) {
    for (const config::StaticEndpoint& endpoint : endpoints) {
        facts_.push_back(discovery::written_fact(std::string{source()}, service_, endpoint));
    }
    discovery::sort_by_key(facts_);
}

discovery::Actions Fixed::step(const discovery::Event& event, config::TimePoint /*now*/) {
    discovery::Actions actions;
    if (std::holds_alternative<discovery::Started>(event)) {
        actions.emplace_back(discovery::Publish{.query = service_, .facts = facts_, .cause = "configuration"});
        actions.emplace_back(discovery::SourceStatus{.connected = true, .synced = true});
    }
    return actions;
}

}  // namespace cardea::fixed

namespace cardea::discovery {

std::unique_ptr<Provider> make_fixed(const std::string& service, const std::vector<config::StaticEndpoint>& endpoints) {
    return std::make_unique<fixed::Fixed>(service, endpoints);
}

}  // namespace cardea::discovery
