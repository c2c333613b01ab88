#pragma once
// The requests to the engine that are under way: what each one was for, how long it may take. A value of the machine.

#include "discovery/action.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>

namespace cardea::docker {

enum class Asked : std::uint8_t { ping, info, list, inspect, events };

struct Call {
    Asked what{Asked::ping};
    std::string container{};  ///< inspect: id
};

class Calls {
public:
    /// Adds the action that asks; its answer comes under the ticket that is returned.
    discovery::Ticket ask(Call call, std::string target, discovery::Actions& actions);
    [[nodiscard]] discovery::Ticket next_ticket() const { return last_ticket_ + 1; }

    /// What the fetch of this ticket was for; it is over. Empty for a stream and for what is not under way.
    std::optional<Call> answered(discovery::Ticket ticket);
    [[nodiscard]] bool is_stream(discovery::Ticket ticket) const;
    void close(discovery::Ticket ticket) { calls_.erase(ticket); }

    [[nodiscard]] std::size_t under_way(Asked what) const;
    void cancel_all(discovery::Actions& actions);

private:
    std::map<discovery::Ticket, Call> calls_{};
    discovery::Ticket last_ticket_{0};
};

}  // namespace cardea::docker
