#pragma once
// Watches one Docker engine: ping (which version, what time) -> open the event stream -> list -> inspect -> publish; then
// events as they come, a list every minute against lost ones, a ping every 10 s against a daemon that hangs. Losing the
// API takes no endpoint away: containers live on without it, and what ended meanwhile is absent from the next list.
// Only the order of things is in here; what they mean is in containers, facts, parse_*. Control thread.

#include "config/config.hpp"
#include "discovery/backoff.hpp"
#include "discovery/docker/calls.hpp"
#include "discovery/docker/containers.hpp"
#include "discovery/docker/event_stream.hpp"
#include "discovery/provider.hpp"

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::docker {

class Machine final : public discovery::Provider {
public:
    Machine(const config::DockerSource& source, const std::vector<config::IpAddress>& machine_addresses, std::uint64_t seed);

    [[nodiscard]] std::string_view source() const override { return name_; }
    discovery::Actions step(const discovery::Event& event, config::TimePoint now) override;

private:
    enum class Phase : std::uint8_t { waiting, pinging, opening, live };

    void on(const discovery::Started& /*event*/) { connect(); }
    void on(const discovery::Woken& event);
    void on(const discovery::Answered& event);
    void on(const discovery::Failed& event);
    void on(const discovery::StreamOpened& event);
    void on(const discovery::StreamData& event);
    void on(const discovery::StreamEnded& event);
    template <typename Other>
    void on(const Other& /*event*/) {}  // every service is published, whoever wants it; files are not ours

    void connect();
    void pinged(const discovery::Answered& answer);
    void listed(const discovery::Answered& answer);
    void inspected(const std::string& id, const discovery::Answered& answer);
    void list();
    void refused(int status, const std::string& what, std::string_view body);
    void disconnect(const std::string& kind, const std::string& why);
    void count(const std::string& kind) { tell_ = ++status_.errors[kind] > 0; }
    void finish_step();
    [[nodiscard]] config::TimePoint next_wake() const;

    const std::string name_;
    Containers containers_;
    discovery::Backoff backoff_;
    std::mt19937_64 random_;

    Phase phase_{Phase::waiting};
    std::string version_{};         ///< prefix of every path
    bool own_version_only_{false};  ///< it refused the version it was asked in
    Calls calls_{};
    std::uint64_t list_asked_{0};  ///< Containers::marker() of then
    bool listed_{false};           ///< since this connection
    EventStream stream_{};
    std::uint64_t stream_lost_{0};
    config::TimePoint retry_at_{}, ping_at_{}, list_at_{};

    config::TimePoint now_{};
    discovery::Actions actions_{};
    discovery::SourceStatus status_{};
    bool tell_{true};  ///< status_ has changed
};

}  // namespace cardea::docker
