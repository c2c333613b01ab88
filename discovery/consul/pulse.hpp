#pragma once
// Is the agent still there? A long poll is silent for a minute, and neither a frozen process nor a vanished machine closes
// it. So an agent that owes an answer and has not been heard for a while is asked something that it can answer by itself
// (`GET /`): any answer is a sign of life. Pure value; control thread.

#include "config/units.hpp"
#include "discovery/action.hpp"

#include <cstddef>
#include <optional>
#include <set>
#include <vector>

namespace cardea::consul {

class Pulse {
public:
    static constexpr config::Duration silence{5'000};   ///< then it is asked
    static constexpr config::Duration patience{3'000};  ///< then it counts as gone

    explicit Pulse(std::size_t agents) : agents_(agents) {}

    /// An answer came, or a question went out to an agent that owed none.
    void sign_of_life(std::size_t agent, config::TimePoint now) { agents_[agent].heard = now; }
    /// One of these agents, which owe answers, that should be asked now; it counts as asked with this ticket.
    std::optional<std::size_t> ask(const std::set<std::size_t>& owing, discovery::Ticket ticket, config::TimePoint now);
    /// When ask() should be called again; none when nobody owes anything.
    [[nodiscard]] std::optional<config::TimePoint> due(const std::set<std::size_t>& owing) const;
    /// The agent that was asked with this ticket; it is not any more.
    std::optional<std::size_t> settle(discovery::Ticket ticket);

    /// The request itself.
    [[nodiscard]] static discovery::Fetch question(discovery::Ticket ticket, std::size_t agent) {
        return {.ticket = ticket, .peer = agent, .target = "/", .timeout = patience, .max_body_bytes = 64U << 10U};
    }

private:
    struct Agent {
        config::TimePoint heard{};
        discovery::Ticket ticket{0};  ///< 0: not being asked
    };
    std::vector<Agent> agents_;
};

}  // namespace cardea::consul
