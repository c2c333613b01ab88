#pragma once
// A Docker engine of values: containers that a test starts, kills and pauses, and the provider that watches them. Answers
// as Engine 20.10 does (shapes captured from it) or as API 1.52 does; can refuse, hang, hold answers back and lose events.

#include "discovery/docker/machine.hpp"

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace cardea::test {

struct FakeContainer {
    std::string name{};
    std::string image{"web:1"};
    std::string state{"running"};
    std::string health{};  ///< `starting`, `healthy`, `unhealthy`
    std::string mode{"default"};
    std::vector<std::string> environment{};
    std::map<std::string, std::string> labels{};
    std::map<std::string, std::vector<std::string>> ports{};  ///< `80/tcp` -> `0.0.0.0:32768`; exposed only when empty
    std::map<std::string, std::string> networks{{"bridge", "172.17.0.2"}};
    std::string stop_signal{};
    int stop_timeout{-1};
    int started{0};  ///< nanoseconds, part of StartedAt
};

std::string container_id(const std::string& name);  ///< 64 hex digits made of the name

class DockerWorld {
public:
    explicit DockerWorld(config::DockerSource source = unix_source(), std::vector<config::IpAddress> addresses = machine());
    static config::DockerSource unix_source();
    static config::DockerSource tcp_source(const std::string& endpoint);
    static std::vector<config::IpAddress> machine();  ///< 127.0.0.1, 192.0.2.2, 2001:db8::2

    // the engine
    FakeContainer& add(FakeContainer container);  ///< there, without an event
    FakeContainer& run(FakeContainer container);  ///< with its events
    FakeContainer& at(const std::string& name) { return containers.at(name); }
    void emit(const std::string& action, const std::string& name, const std::map<std::string, std::string>& attributes = {});
    void network_event(const std::string& action, const std::string& name);
    void kill(const std::string& name, const std::string& signal) { emit("kill", name, {{"signal", signal}}); }
    void die(const std::string& name);      ///< state and event
    void restart(const std::string& name);  ///< start event of a new process
    void raw(const std::string& bytes);     ///< on the event stream
    void end_stream();
    std::map<std::string, FakeContainer> containers{};
    std::string host_name{"h2"};
    std::string max_version{"1.41"}, min_version{"1.12"};
    bool new_shape{false};         ///< events and inspections as API 1.52
    bool refuses{false};           ///< connections are refused
    bool hangs{false};             ///< nothing is answered any more
    bool emits{true};              ///< false: events are lost
    std::set<std::string> held{};  ///< parts of targets whose answers wait for release()
    void release();
    std::function<int(const std::string&)> status_of{};  ///< answers other than 200, by target

    // the provider
    void start();
    void tell(const discovery::Event& event);
    void pass(config::Duration time);  ///< time goes by, timers fire
    docker::Machine machine_;
    config::TimePoint now{std::chrono::hours{1}};
    std::map<std::string, std::vector<discovery::Fact>> published{};
    std::vector<discovery::Publish> log{};
    discovery::SourceStatus status{};
    std::vector<std::string> asked{};                    ///< targets in order
    std::map<discovery::Ticket, std::string> waiting{};  ///< fetches without an answer yet
    std::size_t most_waiting{0};                         ///< inspections at once
    int wakes{0};

    /// `web01 up 192.0.2.2:32768,...` for every fact of a service, in order.
    [[nodiscard]] std::vector<std::string> facts(const std::string& service) const;
    [[nodiscard]] std::vector<std::string> names(const std::string& service, discovery::Status status = discovery::Status::up) const;
    [[nodiscard]] const discovery::Fact& fact(const std::string& service, std::size_t index = 0) const {
        return published.at(service).at(index);
    }

private:
    void perform(discovery::Actions actions);
    void settle();
    void answer(discovery::Ticket ticket, const std::string& target);
    [[nodiscard]] std::string list() const;
    [[nodiscard]] std::string inspect(const FakeContainer& container) const;

    std::deque<std::pair<discovery::Ticket, std::string>> queue_{};
    std::map<discovery::Ticket, config::TimePoint> timeouts_{};
    discovery::Ticket stream_{0};
    std::optional<config::TimePoint> wake_{};
    std::int64_t clock_{1'795'376'992'000'000'000};
    bool performing_{false};
};

}  // namespace cardea::test
