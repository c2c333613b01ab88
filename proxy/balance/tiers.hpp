#pragma once
// Two balancers, the second for when the first has nobody.

#include "proxy/balance/balancer.hpp"

#include <utility>

namespace cardea::balance {

class Tiers final : public Balancer {
public:
    Tiers(std::unique_ptr<const Balancer> first, std::unique_ptr<const Balancer> last) : first_(std::move(first)), last_(std::move(last)) {}
    [[nodiscard]] EndpointState* pick(const PickContext& context) const override {
        EndpointState* const picked = first_->pick(context);
        return picked != nullptr ? picked : last_->pick(context);
    }

private:
    std::unique_ptr<const Balancer> first_, last_;
};

}  // namespace cardea::balance
