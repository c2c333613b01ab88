#pragma once
// Watches one Consul (its agents, one after the other) for every query that is wanted: decides which watch asks when, and
// bounds it all: never more requests at once than `max_connections`, and while the source is in trouble one at a time.
// Its first good answer lets all of them ask again at once. Pure; control thread.

#include "config/config.hpp"
#include "discovery/backoff.hpp"
#include "discovery/consul/pulse.hpp"
#include "discovery/consul/reach.hpp"
#include "discovery/consul/watch.hpp"
#include "discovery/make_provider.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cardea::consul {

class Machine final : public discovery::Provider {
public:
    Machine(const config::ConsulSource& source, discovery::TokenReader read_token, std::uint64_t seed);
    [[nodiscard]] std::string_view source() const override { return common_.source; }
    discovery::Actions step(const discovery::Event& event, config::TimePoint now) override;

private:
    static constexpr std::size_t listed_max = 100;  ///< services watched without being named
    static constexpr std::size_t notes_max = 100;

    struct Entry {
        Watch watch;
        discovery::Backoff backoff;
        config::TimePoint due{};  ///< asks then, when it is not asking already
        config::TimePoint asked{};
        std::optional<discovery::Ticket> ticket{};  ///< asking
        std::size_t agent{0};                       ///< whom it asked last
        std::string error{};                        ///< of its last attempt; empty when it went well
        bool soon{false};                           ///< failed: asks at once when the source is well again
        bool listed{false};                         ///< made by the list of services, not asked for by name
        [[nodiscard]] bool well() const { return watch.answered_once() && error.empty(); }
    };
    using Entries = std::map<std::string, Entry>;  ///< by query; the list of services is `*`

    void want(const std::vector<std::string>& queries, config::TimePoint now);
    void want_listed(const std::vector<std::string>& names, config::TimePoint now);
    void add(const std::string& query, bool listed, config::TimePoint now);
    void remove(Entries::iterator entry);
    void settle(discovery::Ticket ticket, const discovery::Event& event, config::TimePoint now);
    [[nodiscard]] discovery::Answered without_token(discovery::Answered answer) const;
    void went_well(Entry& entry, Outcome outcome, config::TimePoint now);
    void went_wrong(Entry& entry, const Outcome& outcome, config::TimePoint now);
    /// The agent's word about itself, or its silence: then nothing that was asked of it will be answered.
    void pulse_settled(std::size_t agent, bool alive, config::TimePoint now);
    [[nodiscard]] std::set<std::size_t> owing() const;
    /// Sends what is due and asks to be woken for the rest.
    void pump(config::TimePoint now);
    /// None when there is no token to ask with.
    std::optional<discovery::Ticket> ask(Entry& entry, config::TimePoint now);
    [[nodiscard]] Entries::iterator next_due(config::TimePoint now);
    [[nodiscard]] std::optional<config::TimePoint> next_wake() const;
    [[nodiscard]] config::Duration wait() const;
    [[nodiscard]] discovery::SourceStatus status() const;
    [[nodiscard]] std::size_t agents() const { return std::max<std::size_t>(settings_.addresses.size(), 1); }
    /// One connection is kept for the pulse.
    [[nodiscard]] std::size_t places() const { return std::max(settings_.max_connections, 2U) - 1; }
    [[nodiscard]] bool full() const { return asking_.size() >= places(); }
    std::uint64_t seed() { return seed_++; }

    config::ConsulSource settings_;
    discovery::TokenReader read_token_;
    std::uint64_t seed_;
    Watch::Common common_;
    std::string token_{};  ///< as it was sent last
    Entries entries_{};
    std::map<discovery::Ticket, std::string> asking_{};  ///< ticket -> query
    discovery::Ticket last_ticket_{0};
    Reach reach_;
    Pulse pulse_;

    bool connected_{false};  ///< at least one watch is well
    std::string last_error_{};
    std::map<std::string, std::uint64_t> errors_{};
    std::set<std::string> notes_{};
    std::size_t unlisted_{0};  ///< services beyond the cap on listed ones
    discovery::Actions actions_{};
};

}  // namespace cardea::consul
