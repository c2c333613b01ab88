#pragma once
// An upstream as a worker sees it: a named group of endpoints and its policy. Immutable, shared between snapshots until
// its membership, the eligibility of a member or its policy changes.

#include "config/config.hpp"
#include "proxy/balance/balancer.hpp"
#include "proxy/net/pins.hpp"
#include "proxy/upstream/counts.hpp"
#include "proxy/upstream/first_byte_times.hpp"
#include "proxy/upstream/queue.hpp"
#include "proxy/upstream/retry.hpp"

#include <memory>
#include <string>
#include <vector>

namespace cardea::upstream {

/// What an exchange keeps of the upstream after the pick. Outlives the upstream while pinned.
struct Policy {
    Policy(config::Service what, std::size_t workers, std::shared_ptr<Queue> line, std::shared_ptr<Counts> tally)
        : service(std::move(what)),
          queue(std::move(line)),
          counts(std::move(tally)),
          pins(workers),
          budget(workers),
          first_bytes(workers) {}
    const config::Service service;       ///< timeouts, retry, keepalive, queue, upstream_host
    const std::shared_ptr<Queue> queue;  ///< these two are the same for every policy that the service comes to have
    const std::shared_ptr<Counts> counts;
    mutable net::Pins pins;
    mutable RetryBudget budget;
    mutable FirstByteTimes first_bytes;
};

struct Upstream {
    std::string name{};
    std::shared_ptr<const Policy> policy{};
    std::vector<std::shared_ptr<balance::EndpointState>> endpoints{};  ///< all known, also those that get no request now
    std::vector<balance::EndpointState*> serving{};                    ///< those the balancer may pick, while they are eligible
    std::unique_ptr<const balance::Balancer> balancer{};               ///< over the eligible ones
    bool starting{false};  ///< its sources have not answered yet or its endpoints are not yet admitted: 503 says so
};

}  // namespace cardea::upstream
