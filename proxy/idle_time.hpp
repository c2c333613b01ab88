#pragma once
// How long a worker has nothing to do between two rounds, and whether it is worth looking again instead of sleeping: to be woken
// costs tens of microseconds, on a virtual machine a hundred; to spin costs the processor. One worker.

#include "config/units.hpp"
#include "proxy/net/clock.hpp"
#include "proxy/net/poller.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace cardea::proxy {

class IdleTime {
public:
    static constexpr std::chrono::microseconds spin{200};  ///< at most, and then sleep

    /// What comes next has of late come this soon on average, so most spins will find it.
    [[nodiscard]] bool worth_spinning() const { return mean_ < short_enough; }
    /// Waits for what comes next, as Poller::wait does, and spins before it sleeps where that is worth it.
    int spend(net::Poller& poller, const net::Clock& clock, std::optional<config::Duration> patience);
    /// One pause more. A long one counts as just too long: a single night must not hide that the next morning is busy.
    void lasted(std::chrono::nanoseconds pause) { mean_ += (std::min<std::chrono::nanoseconds>(pause, longest) - mean_) / 8; }

private:
    static constexpr std::chrono::microseconds short_enough{120};
    static constexpr std::chrono::microseconds longest{1000};
    std::chrono::nanoseconds mean_{longest};
};

}  // namespace cardea::proxy
