#include "discovery/consul/reach.hpp"

namespace cardea::consul {

namespace {

constexpr config::Duration pause_first{50}, pause_max{500};

}  // namespace

discovery::Backoff Reach::backoff(std::size_t agents, std::uint64_t seed) {
    return {pause_first, std::max(pause_first, pause_max / static_cast<config::Duration::rep>(agents)), seed};
}

Reach::Reach(std::size_t agents, std::uint64_t seed) : agents_(agents), backoff_(backoff(agents, seed)) {}

void Reach::asked(config::TimePoint now) {
    if (in_trouble_) {
        try_again_ = now + pause_max;  // should this one hang, another tries elsewhere
        next_agent();
    }
}

void Reach::answered_well(std::size_t agent) {
    if (in_trouble_) {
        in_trouble_ = false;
        backoff_.reset();
        agent_ = agent;
    }
}

void Reach::went_wrong(std::size_t agent, bool elsewhere, config::TimePoint now) {
    in_trouble_ = true;
    try_again_ = now + backoff_.next();
    if (elsewhere && agent == agent_) {
        next_agent();
    }
}

}  // namespace cardea::consul
