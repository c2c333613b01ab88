#include "discovery/consul/pulse.hpp"

#include <algorithm>
#include <utility>

namespace cardea::consul {

std::optional<std::size_t> Pulse::ask(const std::set<std::size_t>& owing, discovery::Ticket ticket, config::TimePoint now) {
    const auto silent = std::find_if(
        owing.begin(), owing.end(), [&](std::size_t agent) { return agents_[agent].ticket == 0 && agents_[agent].heard + silence <= now; });
    if (silent == owing.end()) {
        return std::nullopt;
    }
    agents_[*silent].ticket = ticket;
    return *silent;
}

std::optional<config::TimePoint> Pulse::due(const std::set<std::size_t>& owing) const {
    std::optional<config::TimePoint> due;
    for (const std::size_t agent : owing) {
        const auto when = agents_[agent].heard + silence;
        if (agents_[agent].ticket == 0 && (!due || when < *due)) {
            due = when;
        }
    }
    return due;
}

std::optional<std::size_t> Pulse::settle(discovery::Ticket ticket) {
    const auto asked = std::find_if(agents_.begin(), agents_.end(), [ticket](const Agent& agent) { return agent.ticket == ticket; });
    if (ticket == 0 || asked == agents_.end()) {
        return std::nullopt;
    }
    asked->ticket = 0;
    return static_cast<std::size_t>(asked - agents_.begin());
}

}  // namespace cardea::consul
