#include "proxy/balance/schedule.hpp"

#include <numeric>
#include <queue>

namespace cardea::balance {

namespace {

/// Weights without common divisor and with a sum of about `max_length` at most.
std::vector<std::uint64_t> reduced(const std::vector<std::uint32_t>& weights, std::size_t max_length) {
    std::uint64_t divisor = 0;
    std::uint64_t total = 0;
    for (const std::uint32_t weight : weights) {
        divisor = std::gcd(divisor, std::uint64_t{weight});
        total += weight;
    }
    std::vector<std::uint64_t> out(weights.begin(), weights.end());
    if (divisor == 0) {
        return out;
    }
    const bool too_long = total / divisor > max_length;
    for (auto& weight : out) {
        if (weight != 0) {
            weight = too_long ? std::max<std::uint64_t>(1, weight * max_length / total) : weight / divisor;
        }
    }
    return out;
}

/// A member's next turn: due from `given / weight` of the cycle on, late at `(given + 1) / weight`.
struct Turn {
    std::uint64_t given;
    std::uint64_t weight;
    std::uint32_t member;
};

/// One turn each: as the heaps would have it, and what a large membership of equal weights is spared.
std::vector<std::uint32_t> in_order(const std::vector<std::uint64_t>& shares, std::uint64_t total) {
    std::vector<std::uint32_t> schedule;
    schedule.reserve(total);
    for (std::uint32_t member = 0; member < shares.size(); ++member) {
        if (shares[member] != 0) {
            schedule.push_back(member);
        }
    }
    return schedule;
}

}  // namespace

// Earliest deadline first among the turns that are due (EEVDF): keeps every member within one turn of its share at each
// place, with two heaps instead of a look at every member for every place.
std::vector<std::uint32_t> make_schedule(const std::vector<std::uint32_t>& weights, std::size_t max_length) {
    const auto shares = reduced(weights, max_length);
    const auto total = std::accumulate(shares.begin(), shares.end(), std::uint64_t{0});
    if (static_cast<std::int64_t>(total) == std::ranges::count_if(shares, [](std::uint64_t share) { return share != 0; })) {
        return in_order(shares, total);
    }
    const auto due_later = [](const Turn& a, const Turn& b) {
        return a.given * b.weight != b.given * a.weight ? a.given * b.weight > b.given * a.weight : a.member > b.member;
    };
    const auto late_later = [](const Turn& a, const Turn& b) {
        const auto left = (a.given + 1) * b.weight;
        const auto right = (b.given + 1) * a.weight;
        return left != right ? left > right : a.member > b.member;
    };
    std::priority_queue<Turn, std::vector<Turn>, decltype(due_later)> waiting(due_later);
    std::priority_queue<Turn, std::vector<Turn>, decltype(late_later)> due(late_later);
    for (std::uint32_t member = 0; member < shares.size(); ++member) {
        if (shares[member] != 0) {
            waiting.push({0, shares[member], member});
        }
    }
    std::vector<std::uint32_t> schedule;
    schedule.reserve(total);
    for (std::uint64_t place = 0; place < total; ++place) {
        while (!waiting.empty() && waiting.top().given * total <= place * waiting.top().weight) {
            due.push(waiting.top());
            waiting.pop();
        }
        Turn turn = due.top();
        due.pop();
        schedule.push_back(turn.member);
        if (++turn.given < turn.weight) {
            waiting.push(turn);
        }
    }
    return schedule;
}

Turns::Turns(std::vector<Member> members) : members_(std::move(members)) {
    std::erase_if(members_, [](const Member& member) { return member.weight == 0 || member.state == nullptr; });
    std::vector<std::uint32_t> weights(members_.size());
    std::transform(members_.begin(), members_.end(), weights.begin(), [](const Member& member) { return member.weight; });
    schedule_ = make_schedule(weights);
}

}  // namespace cardea::balance
