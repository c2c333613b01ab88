#pragma once
// One interface for every way to choose an endpoint. Built by the control thread for one fixed membership, immutable but
// for its ticket; pick() is called by every worker at once, without locks, allocation or system calls.

#include "config/config.hpp"
#include "proxy/balance/endpoint_state.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace cardea::balance {

struct Member {
    EndpointState* state{nullptr};  ///< kept alive by whoever keeps the balancer
    std::uint32_t weight{1};        ///< 0 = never picked
};

struct PickContext {
    std::uint64_t random{0};                  ///< from the worker's generator
    std::span<EndpointState* const> tried{};  ///< this exchange's earlier attempts: avoided while others are left
};

class Balancer {
public:
    virtual ~Balancer() = default;
    /// An eligible endpoint, or nullptr when there is none. Does not touch in_flight.
    [[nodiscard]] virtual EndpointState* pick(const PickContext& context) const = 0;
};

/// Smooth weighted round robin by a shared ticket: exact for the process, a new cycle for each balancer made.
/// `last_resort` is picked from only while none of `members` is eligible.
[[nodiscard]] std::unique_ptr<Balancer> make_balancer(config::Balance kind, std::vector<Member> members,
                                                      std::vector<Member> last_resort = {});

}  // namespace cardea::balance
