#pragma once
// The containers of one engine as events, lists and inspections tell them, and what they publish. No requests, no clock.
// Events take away at once and by themselves; whatever they add is first inspected. An answer counts only when nothing
// happened to its container since it was asked for, so a late one brings nobody back to life.
// Control thread. An event costs O(log n) and the facts of one service.

#include "discovery/action.hpp"
#include "discovery/docker/facts.hpp"
#include "discovery/docker/parse_container.hpp"
#include "discovery/docker/parse_event.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cardea::docker {

class Containers {
public:
    explicit Containers(Engine engine) : engine_(std::move(engine)) {}

    void apply(const EngineEvent& event, config::TimePoint now);
    /// A complete list that was asked for when marker() was `asked`: what it lacks and nothing has happened to since is gone.
    void listed(const std::vector<Listed>& list, std::uint64_t asked);
    [[nodiscard]] std::uint64_t marker() const { return sequence_; }

    /// The next container to inspect, if any; `ticket` comes back with the answer.
    std::optional<std::string> next_inspection(discovery::Ticket ticket, config::TimePoint now);
    void inspected(const std::string& id, discovery::Ticket ticket, const Container& container, config::TimePoint now);
    void inspected_gone(const std::string& id, discovery::Ticket ticket);
    /// No usable answer: asked again at `retry`.
    void inspection_failed(const std::string& id, discovery::Ticket ticket, config::TimePoint retry);
    /// The connection is lost: answers under way will not come, all containers stay.
    void abandon_inspections();
    /// Every container known has been inspected, or inspecting it has failed and will be tried again.
    [[nodiscard]] bool settled() const;

    /// When something is due next without an event: a container that survived its stop signal, a repeated inspection.
    [[nodiscard]] std::optional<config::TimePoint> deadline(config::TimePoint now) const;
    void tick(config::TimePoint now);

    void set_host_name(const std::string& name);
    [[nodiscard]] const std::string& host_name() const { return engine_.host_name; }

    /// One Publish for every service that has changed since the last call.
    std::vector<discovery::Publish> take_changes();
    /// Fills `skipped` and `notes`.
    void describe(discovery::SourceStatus& status) const;

private:
    struct Entry {
        std::optional<Container> container{};         ///< as last inspected, corrected by events; unset before
        std::string shape{};                          ///< Listed::shape of the last list
        discovery::Ticket inspecting{0};              ///< 0: no answer is under way
        std::uint64_t touched{0};                     ///< sequence_ of the last event
        std::int64_t last_event_nano{0};              ///< daemon's time of it
        std::optional<int> early_signal{};            ///< kill before the first inspection
        std::optional<config::TimePoint> draining{};  ///< got its stop signal; until when it may take to end
        bool undrain{false};                          ///< that time has passed: the next inspection decides
        std::optional<config::TimePoint> retry{};     ///< the last inspection failed
        Reading reading{};
    };
    using Entries = std::map<std::string, Entry, std::less<>>;

    void want_inspection(const std::string& id, Entry& entry);
    void killed(const EngineEvent& event, Entry& entry, config::TimePoint now);
    static bool ends_it(const Container& container, int signal);
    void remove(Entries::iterator at, const std::string& cause);
    void reread(const std::string& id, const std::string& cause);  ///< and those that use its network
    void reread_one(const std::string& id, const std::string& cause);
    void replace(const std::string& id, Entry& entry, Reading reading, const std::string& cause);
    [[nodiscard]] const Container* network_owner(const Container& container) const;
    static void set_status(const Container& container, bool draining, std::vector<discovery::Fact>& facts);

    Engine engine_;
    Entries entries_{};
    std::set<std::string> waiting_{};                          ///< ids to inspect
    std::set<std::string> joined_{};                           ///< ids with `--network container:`
    std::map<std::string, std::set<std::string>> services_{};  ///< service -> ids with a fact in it
    std::map<std::string, std::string> changed_{};             ///< service -> cause, since take_changes
    std::size_t in_flight_{0};
    std::uint64_t sequence_{1};
};

}  // namespace cardea::docker
