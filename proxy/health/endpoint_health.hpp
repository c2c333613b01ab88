#pragma once
// May this endpoint have requests? One machine per endpoint of a service: told the registry's word, what the workers saw
// and how probes ended, it answers a suspension, the reason for it, and when which probe is due. Time is an argument, the
// jitter's seed is given; no I/O. Control thread.

#include "config/config.hpp"
#include "discovery/endpoint.hpp"
#include "proxy/balance/endpoint_state.hpp"
#include "proxy/health/damping.hpp"
#include "proxy/health/loss_burst.hpp"
#include "proxy/health/outlier.hpp"
#include "proxy/health/probe.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace cardea::health {

struct ProbeDue {
    config::TimePoint when{};
    Purpose purpose{Purpose::admission};
    bool patient{false};  ///< nobody waits for it: gives way to the others when there are too many
};

/// What a worker saw, in the terms of this room.
enum class Trouble : std::uint8_t {
    refused,      ///< connect refused: nobody is there
    counted,      ///< a failure that counts towards ejection and proves nothing: time-out, configured status, malformed
    unreachable,  ///< the same, and no connection came about: worth a look
    lost,         ///< the same, and a connection was lost: one of a burst, perhaps
    cut,          ///< a kept connection was lost: one of a burst perhaps, worth a look, no blame
    closed,       ///< an idle connection was closed in order: worth a look, no blame
};

struct Report {
    Trouble trouble{Trouble::counted};
    std::string what{};
    std::uint32_t consecutive{0};  ///< failures since the last success, this one included
    std::uint32_t in_use{0};       ///< requests that the endpoint has now
};

class EndpointHealth {
public:
    EndpointHealth(const config::Health& policy, bool discovered, std::uint64_t seed, config::TimePoint now);

    // --- told; each returns true when suspension() or why() is not what it was ---------------------------
    bool set_policy(const config::Health& policy, config::TimePoint now);
    /// `by_check`: a check of the registry says so, no event and no person: then falling counts towards damping.
    bool set_registry(discovery::Status status, const std::string& why, bool by_check, config::TimePoint now);
    bool set_held(bool held, config::TimePoint now);
    /// Known from the state on disk alone: when its probes have no answer, it is the last resort.
    bool set_restored(bool restored, config::TimePoint now);
    bool on_trouble(const Report& report, const Company& company, config::TimePoint now);
    /// One more such failure would eject, if the company allows it.
    [[nodiscard]] bool at_limit(const Report& report) const;
    bool on_probe(Purpose purpose, std::uint32_t era, const ProbeOutcome& outcome, config::TimePoint now);
    /// Time has passed: call it at next_tick().
    bool tick(config::TimePoint now);
    /// It flaps, but the service has nobody else.
    void forgive() { damping_.forgive(); }
    /// Takes over what is known about the same process under another object (an address was added to it).
    void inherit(const EndpointHealth& former);

    // --- silence: the case is made by whoever knows the peers (SilenceCase) -------------------------------
    /// Requests wait on it and nothing comes: true when a probe will go out now, so that its peers are to be asked as well.
    bool look_into_silence(config::TimePoint now);
    /// A peer of it is silent.
    void vouch(config::TimePoint now);
    bool found_frozen(const std::string& why, config::TimePoint now);

    // --- asked -----------------------------------------------------------------------------------------
    [[nodiscard]] balance::Suspension suspension() const;
    [[nodiscard]] discovery::Status registry() const { return status_; }
    [[nodiscard]] std::string why() const;
    /// Eligible only where a service has nothing better: it has not answered yet, nor has anything spoken against it.
    [[nodiscard]] bool last_resort() const { return last_resort_ && status_ == discovery::Status::up && !admitted_; }
    /// The next probe to make, none while enough are under way or when nothing is to be learnt.
    [[nodiscard]] std::optional<ProbeDue> next_probe() const;
    void probe_started(Purpose purpose, config::TimePoint now);
    /// Of the process that is asked now: an outcome of an earlier era says nothing.
    [[nodiscard]] std::uint32_t era() const { return era_; }
    [[nodiscard]] ProbePlan plan(Purpose purpose) const;
    [[nodiscard]] std::optional<config::TimePoint> next_tick() const;
    /// A held endpoint whose probe found nobody: to be told to the pipeline. Reading it forgets it.
    [[nodiscard]] bool take_absence() { return std::exchange(absent_, false); }

private:
    [[nodiscard]] bool in_service() const;
    void suspend(balance::Suspension cause, const std::string& why, config::TimePoint now);
    void suspend_by_probe(balance::Suspension cause, const std::string& why, config::TimePoint now);
    void restore();
    void start_ladder(config::TimePoint now);
    void eject(const std::string& what, config::TimePoint now);
    void fell(config::TimePoint now);
    void good(Purpose purpose, config::TimePoint now);
    void put_off(Purpose purpose, config::TimePoint now);
    void bad(Purpose purpose, const ProbeOutcome& outcome, config::TimePoint now);
    void bad_admission(const ProbeOutcome& outcome, config::TimePoint now);
    void schedule_active(config::TimePoint now);
    double random();  ///< [0, 1)

    config::Health policy_;
    const bool discovered_;
    std::uint64_t random_;
    discovery::Status status_{discovery::Status::up};
    std::string status_why_{};
    bool admitted_;
    balance::Suspension cause_{balance::Suspension::none};  ///< of our own finding
    std::string cause_why_{};
    bool by_active_{false};  ///< cause_ comes from periodic checks, which must end it

    std::uint32_t era_{0};        ///< one more with each process that may be another
    std::uint32_t under_way_{0};  ///< probes but for silence and vouch, which have a place of their own:
    bool asking_{false};          ///< they must not wait behind one that a frozen process has
    config::TimePoint begun_{};   ///< the last of those under way
    bool newest_ended_{false};    ///< since then one of them has ended
    config::TimePoint ladder_begin_{}, ladder_next_{};
    std::uint32_t ladder_attempts_{0};
    std::uint32_t active_good_{0}, active_bad_{0};
    config::TimePoint active_next_{};
    std::optional<config::TimePoint> suspicion_{};
    config::TimePoint last_look_{};
    std::optional<Purpose> question_{};  ///< silence or vouch, to be asked at once
    config::TimePoint last_question_{};
    LossBurst losses_{};
    std::uint32_t known_failures_{0};  ///< in a row, by the last report
    std::uint32_t ejections_{0};
    config::TimePoint ejected_until_{};
    Damping damping_{};
    bool restored_{false}, last_resort_{false};
    bool refused_{false};  ///< by its last admission probe, or by a request
    config::TimePoint last_resort_from_{};
    bool held_{false}, absent_{false};
    std::uint32_t held_bad_{0};
    config::TimePoint held_next_{};
};

}  // namespace cardea::health
