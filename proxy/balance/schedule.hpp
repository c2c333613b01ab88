#pragma once
// The order in which a membership is served by weight, worked out once so that a pick is one look-up. Immutable.

#include "proxy/balance/balancer.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace cardea::balance {

/// One cycle of indexes into `weights`: each member stands in it in proportion to its weight and as evenly spread as can be
/// (at no place is a member a whole turn ahead or behind). Weights are divided by their common divisor and, where the cycle
/// would be longer than `max_length`, scaled down, never below one turn. Members of weight 0 do not occur. O(length log members).
std::vector<std::uint32_t> make_schedule(const std::vector<std::uint32_t>& weights, std::size_t max_length = 65536);

/// The members that can be picked at all and their schedule; what every balancer here is made of.
class Turns {
public:
    explicit Turns(std::vector<Member> members);

    [[nodiscard]] bool empty() const { return schedule_.empty(); }
    [[nodiscard]] const std::vector<Member>& members() const { return members_; }  ///< weight > 0 only
    [[nodiscard]] std::size_t length() const { return schedule_.size(); }
    /// Index into members() of the given turn; any number is a turn. Requires: not empty().
    [[nodiscard]] std::size_t member_at(std::uint64_t turn) const { return schedule_[turn % schedule_.size()]; }

private:
    std::vector<Member> members_;
    std::vector<std::uint32_t> schedule_;
};

[[nodiscard]] inline bool was_tried(const EndpointState* endpoint, const PickContext& context) {
    return std::find(context.tried.begin(), context.tried.end(), endpoint) != context.tried.end();
}

/// True when `a` carries less for its weight than `b`.
[[nodiscard]] inline bool less_loaded(const Member& a, const Member& b) {
    const std::uint64_t load_a = a.state->in_flight.load(std::memory_order_relaxed);
    const std::uint64_t load_b = b.state->in_flight.load(std::memory_order_relaxed);
    return load_a * b.weight < load_b * a.weight;
}

/// The shared ticket, alone on its cache line: every worker draws from it.
class alignas(64) Ticket {
public:
    [[nodiscard]] std::uint64_t draw() const { return next_.fetch_add(1, std::memory_order_relaxed); }

private:
    mutable std::atomic<std::uint64_t> next_{0};
};

}  // namespace cardea::balance
