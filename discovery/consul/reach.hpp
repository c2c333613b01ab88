#pragma once
// Whether a source may be asked just now, and which of its agents. While the news is bad one question at a time finds out
// whether it is back, at growing pauses, each time at the next agent; a good answer opens the door again. Pure value.

#include "config/units.hpp"
#include "discovery/backoff.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace cardea::consul {

class Reach {
public:
    /// Requires: agents > 0.
    Reach(std::size_t agents, std::uint64_t seed);

    /// How long a pause after a failure may become: every agent is tried within half a second.
    [[nodiscard]] static discovery::Backoff backoff(std::size_t agents, std::uint64_t seed);

    [[nodiscard]] bool open(config::TimePoint now) const { return now >= opens_at(); }
    /// The earliest time at which a question may go out.
    [[nodiscard]] config::TimePoint opens_at() const { return std::max(quiet_until_, in_trouble_ ? try_again_ : quiet_until_); }
    [[nodiscard]] std::size_t agent() const { return agent_; }
    [[nodiscard]] bool in_trouble() const { return in_trouble_; }

    void asked(config::TimePoint now);
    void answered_well(std::size_t agent);
    /// `elsewhere`: another agent may do better.
    void went_wrong(std::size_t agent, bool elsewhere, config::TimePoint now);
    /// Nobody asks before then, whatever else happens (Retry-After).
    void keep_quiet_until(config::TimePoint when) { quiet_until_ = std::max(quiet_until_, when); }

private:
    void next_agent() { agent_ = (agent_ + 1) % agents_; }

    std::size_t agents_, agent_{0};
    bool in_trouble_{false};
    discovery::Backoff backoff_;
    config::TimePoint try_again_{}, quiet_until_{};
};

}  // namespace cardea::consul
