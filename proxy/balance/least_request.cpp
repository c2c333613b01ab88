#include "proxy/balance/least_request.hpp"

namespace cardea::balance {

namespace {

constexpr std::size_t least_of = 256;

}  // namespace

EndpointState* LeastRequest::pick(const PickContext& context) const {
    if (turns_.empty()) {
        return nullptr;
    }
    const auto& members = turns_.members();
    const std::size_t first = turns_.member_at(ticket_.draw());
    const Member* best = nullptr;
    EndpointState* tried = nullptr;
    std::size_t compared = 0;
    for (std::size_t step = 0; step < members.size() && compared < least_of; ++step) {
        const Member& member = members[(first + step) % members.size()];
        if (!member.state->eligible()) {
            continue;
        }
        if (was_tried(member.state, context)) {
            tried = tried == nullptr ? member.state : tried;
            continue;
        }
        ++compared;
        if (best == nullptr || less_loaded(member, *best)) {
            best = &member;
        }
    }
    return best != nullptr ? best->state : tried;
}

}  // namespace cardea::balance
