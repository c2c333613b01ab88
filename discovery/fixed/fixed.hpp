#pragma once
// The endpoints written in the configuration, as a provider: says all it knows at the start and nothing afterwards.

#include "config/config.hpp"
#include "discovery/provider.hpp"

#include <string>
#include <vector>

namespace cardea::fixed {

class Fixed final : public discovery::Provider {
public:
    Fixed(std::string service, const std::vector<config::StaticEndpoint>& endpoints);
    [[nodiscard]] std::string_view source() const override { return "static"; }
    discovery::Actions step(const discovery::Event& event, config::TimePoint now) override;

private:
    std::string service_;
    std::vector<discovery::Fact> facts_;
};

}  // namespace cardea::fixed
