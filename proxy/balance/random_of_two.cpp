#include "proxy/balance/random_of_two.hpp"

namespace cardea::balance {

namespace {

constexpr int draws = 8;

/// SplitMix64 (Steele, Lea, Flood 2014): spreads one random word over as many draws as are needed.
std::uint64_t next_random(std::uint64_t& state) {
    state += 0x9E3779B97F4A7C15ULL;
    std::uint64_t mixed = (state ^ (state >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBULL;
    return mixed ^ (mixed >> 31U);
}

}  // namespace

EndpointState* RandomOfTwo::pick(const PickContext& context) const {
    if (turns_.empty()) {
        return nullptr;
    }
    const auto& members = turns_.members();
    std::uint64_t random = context.random;
    const Member* first = nullptr;
    for (int draw = 0; draw < draws; ++draw) {
        const Member& member = members[turns_.member_at(next_random(random))];
        if (!member.state->eligible() || was_tried(member.state, context) || &member == first) {
            continue;
        }
        if (first != nullptr) {
            return (less_loaded(member, *first) ? member : *first).state;
        }
        first = &member;
    }
    if (first != nullptr) {
        return first->state;
    }
    // Few are left: ask them one by one, from a random place.
    EndpointState* tried = nullptr;
    const std::size_t start = next_random(random) % members.size();
    for (std::size_t step = 0; step < members.size(); ++step) {
        auto* endpoint = members[(start + step) % members.size()].state;
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
