#pragma once
// Two endpoints drawn by weight, the less loaded of them: near least_request at the cost of two looks, and no shared ticket.

#include "proxy/balance/schedule.hpp"

namespace cardea::balance {

class RandomOfTwo final : public Balancer {
public:
    explicit RandomOfTwo(std::vector<Member> members) : turns_(std::move(members)) {}
    [[nodiscard]] EndpointState* pick(const PickContext& context) const override;

private:
    Turns turns_;
};

}  // namespace cardea::balance
