#pragma once
// The endpoint with the fewest requests in flight for its weight. Among equals the turns of the weighted round robin decide,
// so an idle service is served like round robin and no endpoint is everybody's first choice.

#include "proxy/balance/schedule.hpp"

namespace cardea::balance {

class LeastRequest final : public Balancer {
public:
    explicit LeastRequest(std::vector<Member> members) : turns_(std::move(members)) {}
    /// O(members), but at most 256 eligible ones are compared: more would cost more than they help.
    [[nodiscard]] EndpointState* pick(const PickContext& context) const override;

private:
    Turns turns_;
    Ticket ticket_;
};

}  // namespace cardea::balance
