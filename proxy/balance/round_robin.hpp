#pragma once
// Smooth weighted round robin: one ticket a pick, shared by all workers, so that the turns are exact for the process.

#include "proxy/balance/schedule.hpp"

namespace cardea::balance {

class RoundRobin final : public Balancer {
public:
    explicit RoundRobin(std::vector<Member> members) : turns_(std::move(members)) {}
    [[nodiscard]] EndpointState* pick(const PickContext& context) const override;

private:
    Turns turns_;
    Ticket ticket_;
};

}  // namespace cardea::balance
