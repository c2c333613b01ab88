#pragma once
// Every endpoint of every service with its runtime state and health, keyed by identity, so that both survive updates and
// reloads. It is told the catalog, what the workers saw and how probes ended; it sets suspensions (which the workers obey
// at once) and answers what else is to be done. Time is an argument, no I/O. Control thread.

#include "discovery/catalog.hpp"
#include "discovery/journal.hpp"
#include "proxy/control/views.hpp"
#include "proxy/health/endpoint_health.hpp"
#include "proxy/health/silence.hpp"
#include "proxy/health/slow_start.hpp"
#include "proxy/snapshot/build_snapshot.hpp"
#include "proxy/snapshot/worker_port.hpp"

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace cardea::control {

/// Both clocks at one moment: decisions use the steady one, people the other.
struct Now {
    config::TimePoint steady{};
    config::WallTime wall{};
};

/// A change of one endpoint, for the journal.
struct Transition {
    std::string service{}, endpoint{};
    std::string from{}, to{};  ///< state words; `from` empty: added, `to` empty: removed; equal: address or weight changed
    std::string why{};
    std::string address{};  ///< the one dialled first
    std::uint32_t weight{1};
};

/// The last request of an endpoint that was told to leave, or vanished, has ended.
struct Departure {
    std::string service{}, endpoint{};
    discovery::Receipt receipt{};
};

/// What follows from something the book was told.
struct Effects {
    std::set<std::string> services{};  ///< whose members, weights or eligibility changed: to be published anew
    bool urgent{false};                ///< something may no longer be served, or somebody serves where nobody did
    bool move_waiting{false};          ///< workers must look at requests that wait on a paused or dead endpoint
    std::vector<std::shared_ptr<balance::EndpointState>> abort{};
    std::vector<Transition> transitions{};
    std::vector<Departure> departures{};
    std::vector<std::pair<std::string, std::string>> absent{};  ///< held endpoints (service, id) that nobody answers for
    Effects& operator+=(Effects other);
};

/// A probe to make now.
struct ProbeOrder {
    std::shared_ptr<balance::EndpointState> endpoint{};
    health::Purpose purpose{health::Purpose::admission};
    std::uint32_t era{0};  ///< EndpointHealth::era() when it was ordered
    health::ProbePlan plan{};
};

class EndpointBook {
public:
    explicit EndpointBook(std::uint64_t seed) : seed_(seed) {}

    /// The present endpoints of one service; null when the service is gone.
    Effects update(const config::Service& settings, const discovery::ServiceEndpoints* known, const Now& now);
    Effects saw(balance::EndpointState* endpoint, snapshot::Sighting sighting, const Now& now);
    Effects probed(const ProbeOrder& order, const health::ProbeOutcome& outcome, const Now& now);
    /// Drain times that are over, endpoints that are free to go, shares that have grown, suspensions that end by time or
    /// whose message was lost. Call it every second or so, and at next_deadline().
    Effects tend(const Now& now);
    [[nodiscard]] std::optional<config::TimePoint> next_deadline() const;

    /// The services that a route leads to. Only their endpoints are probed: whoever gets no requests from us should not get
    /// probes either (a database beside the web containers, say).
    void set_routed(const std::set<std::string>& services);

    /// The earliest probe that is due, marked as started; none when none is due by `now`.
    std::optional<ProbeOrder> take_probe(config::TimePoint now);
    [[nodiscard]] std::optional<config::TimePoint> next_probe() const;

    /// What the service is to be served from, by id.
    [[nodiscard]] std::vector<snapshot::ServiceMember> members(const std::string& service) const;
    /// Nothing can be served, and that is because nothing has been admitted yet.
    [[nodiscard]] bool awaits_admission(const std::string& service) const;
    [[nodiscard]] std::vector<EndpointView> view() const;
    [[nodiscard]] std::size_t leaving() const { return leaving_.size(); }

private:
    struct Entry {
        std::shared_ptr<balance::EndpointState> state{};
        health::EndpointHealth health;
        discovery::Endpoint facts{};
        config::Duration drain{};
        std::string word{};  ///< state as shown
        config::WallTime since{};
        bool leaving{false};                            ///< draining or down
        std::optional<config::TimePoint> deadline{};    ///< leaving: when its requests are cut
        std::optional<discovery::Receipt> signalled{};  ///< what had ended when it was told to leave
        std::optional<health::ProbeDue> probe{};        ///< its place in due_
        std::optional<config::TimePoint> tick{};        ///< its place in ticks_
        bool founding{false};                           ///< of the service's first set: no slow start
        std::optional<config::TimePoint> ramp_begin{};  ///< slow start
        std::uint32_t share{health::full_share};
    };
    struct Leaving {
        std::shared_ptr<balance::EndpointState> state{};
        std::string incarnation{};
        std::optional<config::TimePoint> deadline{};  ///< empty once aborted
        discovery::Receipt signalled{};
    };
    using Endpoints = std::map<std::string, std::unique_ptr<Entry>>;
    struct Service {
        Endpoints endpoints{};
        config::Health health{};  ///< as last told, with the next two: what an unchanged endpoint was made with
        config::Duration drain{}, slow_start{};
        std::size_t up{0};                               ///< endpoints that serve
        std::optional<config::TimePoint> up_since{};     ///< when the first of these came up
        std::map<Entry*, health::SilenceCase> silent{};  ///< open cases
    };
    using Due = std::set<std::pair<config::TimePoint, Entry*>>;

    std::unique_ptr<Entry> make(const config::Service& settings, const discovery::Endpoint& facts, const Now& now);
    void change(Entry& entry, const config::Service& settings, const discovery::Endpoint& facts, const Now& now, Effects& effects);
    void replace(std::unique_ptr<Entry>& entry, const config::Service& settings, const discovery::Endpoint& facts, const Now& now,
                 Effects& effects);
    void leave(std::unique_ptr<Entry> entry, bool died, const Now& now, Effects& effects);
    void abort_taken_over(const discovery::Endpoint& newcomer, Effects& effects);
    void tell_registry(Entry& entry, const Now& now);
    void enlist(Entry& entry);
    // endpoint_book_health.cpp
    void settle(Entry& entry, const Now& now, Effects& effects);
    [[nodiscard]] static Transition transition(const Entry& entry, std::string to, std::string why);
    void settle_deadline(Entry& entry, const Now& now);
    void came_up(Service& service, Entry& entry, const Now& now);
    void went_down(Service& service, Entry& entry, const Now& now, Effects& effects);
    void forgive_flapping(Service& service, const Now& now, Effects& effects);
    void grow_shares(const Now& now, Effects& effects);
    void schedule(Entry& entry);
    void unschedule(Entry& entry);
    [[nodiscard]] Due& lane_of(const health::ProbeDue& due) { return due_[due.patient ? 1 : 0]; }
    [[nodiscard]] const Due* next_lane(config::TimePoint now) const;
    [[nodiscard]] health::Company company(const std::string& service) const;
    // endpoint_book_silence.cpp
    void on_silence(Entry& entry, const Now& now);
    void hear_silence(Entry& entry, bool good, const Now& now, Effects& effects);
    void judge_silence(Service& service, const Now& now, Effects& effects);

    std::uint64_t seed_;
    std::map<std::string, Service> services_{};
    std::set<std::string> routed_{};
    std::unordered_map<const balance::EndpointState*, Entry*> by_state_{};
    std::array<Due, 2> due_{};     ///< probes by time: those somebody waits for, and the patient ones
    std::uint32_t orders_{0};      ///< every fourth goes to the patient ones first
    Due ticks_{};                  ///< what ends by time
    std::set<Entry*> draining_{};  ///< those with a deadline
    std::set<Entry*> ramping_{};   ///< in slow start
    std::vector<Leaving> leaving_{};
};

/// `up restored unprobed refused lost failing frozen ejected flapping starting draining paused down removed`
[[nodiscard]] std::string state_word(balance::Suspension suspension, discovery::Status status);

}  // namespace cardea::control
