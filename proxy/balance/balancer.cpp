#include "proxy/balance/balancer.hpp"

#include "proxy/balance/least_request.hpp"
#include "proxy/balance/random_of_two.hpp"
#include "proxy/balance/round_robin.hpp"
#include "proxy/balance/tiers.hpp"

namespace cardea::balance {

namespace {

std::unique_ptr<Balancer> make_tier(config::Balance kind, std::vector<Member> members) {
    switch (kind) {
        case config::Balance::least_request:
            return std::make_unique<LeastRequest>(std::move(members));
        case config::Balance::random_of_two:
            return std::make_unique<RandomOfTwo>(std::move(members));
        case config::Balance::round_robin:
            break;
    }
    return std::make_unique<RoundRobin>(std::move(members));
}

}  // namespace

std::unique_ptr<Balancer> make_balancer(config::Balance kind, std::vector<Member> members, std::vector<Member> last_resort) {
    auto first = make_tier(kind, std::move(members));
    if (last_resort.empty()) {
        return first;
    }
    return std::make_unique<Tiers>(std::move(first), make_tier(kind, std::move(last_resort)));
}

}  // namespace cardea::balance
