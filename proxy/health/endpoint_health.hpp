#pragma once
// May this endpoint have requests? One machine per endpoint of a service: told the registry's word, what the workers saw
// and how probes ended, it answers a suspension, the reason for it, and when which probe is due. Time is an argument, the
// jitter's seed is given; no I/O. Control thread.

#include "config/config.hpp"
#include "discovery/endpoint.hpp"
#include "proxy/balance/endpoint_state.hpp"
#include "proxy/health/outlier.hpp"
#include "proxy/health/probe.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace cardea::health {

struct ProbeDue {
    config::TimePoint when{};
    Purpose purpose{Purpose::admission};
};

/// What a worker saw, in the terms of this room (snapshot::Sighting without its rank).
enum class Trouble : std::uint8_t {
    refused,  ///< connect refused: nobody is there
    counted,  ///< a failure that counts towards ejection and proves nothing: time-out, configured status, malformed
    lost,     ///< the same, and a connection went away: worth a look
    closed,   ///< an idle connection was closed: worth a look, no blame
};

class EndpointHealth {
public:
    EndpointHealth(const config::Health& policy, bool discovered, std::uint64_t seed, config::TimePoint now);

    // --- told; each returns true when suspension() or why() is not what it was ---------------------------
    bool set_policy(const config::Health& policy, config::TimePoint now);
    bool set_registry(discovery::Status status, const std::string& why, config::TimePoint now);
    bool set_held(bool held, config::TimePoint now);
    /// `consecutive`: failures since the last success, this one included.
    bool on_trouble(Trouble trouble, const std::string& what, std::uint32_t consecutive, const Company& company, config::TimePoint now);
    /// One more such failure would eject, if the company allows it.
    [[nodiscard]] bool at_limit(Trouble trouble, std::uint32_t consecutive) const;
    void probe_started() { probing_ = true; }
    bool on_probe(Purpose purpose, const ProbeOutcome& outcome, config::TimePoint now);
    /// Takes over what is known about the same process under another object (an address was added to it).
    void inherit(const EndpointHealth& former);

    // --- asked -----------------------------------------------------------------------------------------
    [[nodiscard]] balance::Suspension suspension() const;
    [[nodiscard]] std::string why() const;
    /// The next probe to make, none while one is under way or when nothing is to be learnt.
    [[nodiscard]] std::optional<ProbeDue> next_probe() const;
    [[nodiscard]] ProbePlan plan(Purpose purpose) const;
    /// A held endpoint whose probe found nobody: to be told to the pipeline. Reading it forgets it.
    [[nodiscard]] bool take_absence() { return std::exchange(absent_, false); }

private:
    void suspend(balance::Suspension cause, const std::string& why, config::TimePoint now);
    void restore();
    void start_ladder(config::TimePoint now);
    void eject(const std::string& what, config::TimePoint now);
    void good(Purpose purpose, config::TimePoint now);
    void bad(Purpose purpose, const ProbeOutcome& outcome, config::TimePoint now);
    void schedule_active(config::TimePoint now);
    double random();  ///< [0, 1)

    config::Health policy_;
    const bool discovered_;
    std::uint64_t random_;
    discovery::Status status_{discovery::Status::up};
    std::string status_why_{};
    bool admitted_;
    balance::Suspension cause_{balance::Suspension::none};  ///< of our own finding: refused, probe_failed or ejected
    std::string cause_why_{};
    bool by_active_{false};  ///< cause_ comes from periodic checks, which must end it
    bool probing_{false};
    bool stale_probe_{false};  ///< the probe under way asked a former process
    config::TimePoint ladder_begin_{}, ladder_next_{};
    std::uint32_t ladder_attempts_{0};
    std::uint32_t active_good_{0}, active_bad_{0};
    config::TimePoint active_next_{};
    std::optional<config::TimePoint> suspicion_{};
    config::TimePoint last_look_{};
    std::uint32_t ejections_{0};
    config::TimePoint ejected_until_{};
    bool held_{false}, absent_{false};
    std::uint32_t held_bad_{0};
    config::TimePoint held_next_{};
};

}  // namespace cardea::health
