#pragma once
// Connects to an endpoint: its addresses in turn, from the one that answered last. A machine: start(), then step() after
// every event or at the deadline, until the answer is not `waiting`. One worker.

#include "proxy/upstream/connection.hpp"

#include <cstdint>

namespace cardea::upstream {

enum class Connecting : std::uint8_t {
    waiting,
    connected,
    refused,  ///< every address refused: evidence that nobody is there
    failed,   ///< timed out or unreachable, at least one of them
    starved,  ///< we have no descriptor or no memory for a socket: no fault of the endpoint's. start() may be called again
};

class Connector {
public:
    /// `timeout` is for each address. The connection outlives the connector.
    Connector(Connection& connection, config::Duration timeout) : connection_(&connection), timeout_(timeout) {}
    [[nodiscard]] Connecting start(config::TimePoint now);
    [[nodiscard]] Connecting step(config::TimePoint now);
    [[nodiscard]] config::TimePoint deadline() const { return deadline_; }

private:
    [[nodiscard]] Connecting dial(config::TimePoint now);
    [[nodiscard]] Connecting next(bool refused, config::TimePoint now);
    Connection* connection_;
    config::Duration timeout_;
    config::TimePoint deadline_{};
    std::size_t index_{0};
    std::size_t tried_{0};
    bool all_refused_{true};
};

}  // namespace cardea::upstream
