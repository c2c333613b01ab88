#pragma once
// A provider watches one registry. It is a step machine: told events and the time, it answers actions; it owns no
// socket, clock, thread or randomness (a seed is given), so Consul outages and Docker races run in tests as values.

#include "discovery/event.hpp"

#include <string>
#include <string_view>

namespace cardea::discovery {

class Provider {
public:
    virtual ~Provider() = default;
    /// `consul:dc1`, `docker:h2`, `file:/etc/endpoints`; the `source` of every fact it publishes.
    [[nodiscard]] virtual std::string_view source() const = 0;
    /// Control thread. `now` never goes back. Must not throw, whatever the bytes in the event.
    virtual Actions step(const Event& event, config::TimePoint now) = 0;
};

}  // namespace cardea::discovery
