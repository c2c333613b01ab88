#include "proxy/balance/round_robin.hpp"

namespace cardea::balance {

namespace {

/// Turns looked at before the members are asked one by one: a heavy member that is out fills long runs of the schedule.
constexpr std::size_t turns_ahead = 32;

}  // namespace

EndpointState* RoundRobin::pick(const PickContext& context) const {
    if (turns_.empty()) {
        return nullptr;
    }
    const std::uint64_t ticket = ticket_.draw();
    const auto& members = turns_.members();
    const std::size_t turns = std::min(turns_.length(), turns_ahead);
    for (std::size_t step = 0; step < turns; ++step) {
        auto* endpoint = members[turns_.member_at(ticket + step)].state;
        if (endpoint->eligible() && !was_tried(endpoint, context)) {
            return endpoint;
        }
    }
    EndpointState* tried = nullptr;
    for (std::size_t step = 0; step < members.size(); ++step) {
        auto* endpoint = members[(ticket + step) % members.size()].state;
        if (!endpoint->eligible()) {
            continue;
        }
        if (!was_tried(endpoint, context)) {
            return endpoint;
        }
        tried = tried == nullptr ? endpoint : tried;
    }
    return tried;
}

}  // namespace cardea::balance
