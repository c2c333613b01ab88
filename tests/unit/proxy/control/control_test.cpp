#include "proxy/control/control.hpp"

#include "discovery/last_good.hpp"
#include "proxy/machine.hpp"
#include "tests/unit/proxy/control/scripted_server.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>

namespace cardea::control {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using Reply = ScriptedServer::Reply;

/// A worker that applies everything at once and writes down what it was told.
class ObedientWorker final : public snapshot::WorkerPort {
public:
    bool apply(const snapshot::Snapshot* snapshot) override { return now = snapshot, true; }
    [[nodiscard]] std::uint64_t applied_version() const override { return now == nullptr ? 0 : now->version; }
    void listen(snapshot::Door, int) override {}
    void leave(std::uint64_t) override {}
    void move_waiting() override { told.push_back("move waiting"); }
    void abort_endpoints(std::vector<std::shared_ptr<balance::EndpointState>> endpoints) override {
        told.push_back("abort " + std::to_string(endpoints.size()));
    }
    void drain(config::TimePoint, config::TimePoint) override { told.push_back("drain"); }

    const snapshot::Snapshot* now{nullptr};
    std::vector<std::string> told{};
};

/// Doors that open unless port 1 is wanted, and write down what was asked of them.
class PaperDoors final : public Doors {
public:
    config::Result<void> prepare(const config::Config& next) override {
        const bool held = std::any_of(next.listeners.begin(), next.listeners.end(), [](const auto& one) { return one.address.port == 1; });
        told.emplace_back(held ? "refused" : "prepared " + std::to_string(next.listeners.size()));
        return held ? config::Result<void>(config::failure("127.0.0.1:1 is held by somebody else")) : config::Result<void>();
    }
    std::string commit() override {
        told.emplace_back("committed");
        return remark;
    }
    [[nodiscard]] config::Address bound(const config::Listener& listener) const override { return listener.address; }

    std::vector<std::string> told{};
    std::string remark{};
};

config::Listener listener(const std::string& name, std::uint16_t port) {
    config::Listener made;
    made.name = name;
    made.address = *config::make_address("127.0.0.1", port);
    return made;
}

config::Service service(std::vector<config::EndpointRef> endpoints) {
    config::Service made;
    made.name = "web";
    made.endpoints = std::move(endpoints);
    return made;
}

class ControlTest : public testing::Test {
protected:
    ControlTest() {
        std::filesystem::remove_all(directory);
        std::filesystem::create_directories(directory);
        config.listeners = {listener("web", 8000)};
    }
    ~ControlTest() override {
        if (control) {
            control->stop();
        }
        std::filesystem::remove_all(directory);
    }

    void start() {
        Given given;
        given.workers = 2;
        given.files = &files;
        given.doors = &doors;
        given.journal = [this](const discovery::JournalEntry& entry) {
            journal.push_back(std::string(discovery::word_of(entry.kind)) + " " + entry.endpoint + " " + entry.effect);
        };
        control = std::make_unique<Control>(loop, config, std::move(given));
        a.now = b.now = control->snapshot();
        ASSERT_TRUE(control->start({&a, &b}));
    }
    /// Runs the loop until `condition`, at most for so long that a machine under load would have come there.
    template <typename Condition>
    bool run_until(const Condition& condition) {
        const auto end = std::chrono::steady_clock::now() + 20s;
        while (!condition() && std::chrono::steady_clock::now() < end) {
            loop.at(std::chrono::steady_clock::now() + 5ms, [this] { loop.stop(); });
            loop.run();
            loop.restart();
        }
        return condition();
    }
    void write(const std::string& lines) const {
        std::ofstream(directory + "/new") << lines;
        std::filesystem::rename(directory + "/new", directory + "/endpoints");
    }
    [[nodiscard]] static std::string picked(const ObedientWorker& worker) {
        const auto found = worker.now->router->find("any", "/", "GET");
        if (found.policy == nullptr || found.policy->upstream == route::RoutePolicy::no_upstream) {
            return "no service";
        }
        const auto* endpoint = worker.now->upstreams.at(found.policy->upstream)->balancer->pick({});
        return endpoint == nullptr ? "nobody" : config::to_string(endpoint->addresses.at(0));
    }

    const std::string directory = testing::TempDir() + "control_test." + std::to_string(::getpid());
    proxy::DiskFiles files{};
    config::Config config{};
    Loop loop{};
    ObedientWorker a{}, b{};
    std::vector<std::string> journal{};
    PaperDoors doors{};
    std::unique_ptr<Control> control{};
};

TEST_F(ControlTest, written_endpoints_serve_from_the_first_snapshot_after_the_start) {
    config.services = {service({config::StaticEndpoint{*config::parse_address("10.0.0.1:80"), 1}})};
    start();
    EXPECT_EQ(picked(a), "10.0.0.1:80");
    EXPECT_EQ(a.now, b.now);
    EXPECT_EQ(doors.told, (std::vector<std::string>{"prepared 1", "committed"}));
    EXPECT_TRUE(control->ready());
}

TEST_F(ControlTest, a_listener_that_cannot_be_opened_fails_the_start) {
    config.listeners.push_back(listener("taken", 1));
    Given given;
    given.files = &files;
    given.doors = &doors;
    control = std::make_unique<Control>(loop, config, std::move(given));
    const auto started = control->start({&a, &b});
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().what, "127.0.0.1:1 is held by somebody else");
    EXPECT_EQ(doors.told, std::vector<std::string>{"refused"});
}

TEST_F(ControlTest, a_watched_file_is_followed) {
    write("10.0.0.1:80\n");
    config.services = {service({config::FileRef{directory + "/endpoints"}})};
    start();
    EXPECT_FALSE(control->ready()) << "nothing was read yet";
    ASSERT_TRUE(run_until([this] { return picked(a) == "10.0.0.1:80"; }));
    EXPECT_TRUE(control->ready());
    write("10.0.0.2:80\n");
    ASSERT_TRUE(run_until([this] { return picked(a) == "10.0.0.2:80"; }));
    write("");
    ASSERT_TRUE(run_until([this] { return picked(a) == "nobody"; }));
    EXPECT_EQ(control->sources().at(0).name, "file:" + directory + "/endpoints");
    EXPECT_TRUE(run_until([this] { return control->numbers().snapshots_alive == 1; }));
}

TEST_F(ControlTest, a_name_is_admitted_by_a_probe_and_refusal_takes_it_out_and_back) {
    auto server = std::make_unique<ScriptedServer>([](int, int, const std::string&) { return Reply{ok("x")}; });
    const auto port = server->address().port;
    config.services = {service({config::StaticEndpoint{{config::Address::Kind::name, {}, "localhost", port}, 1}})};
    start();
    EXPECT_EQ(picked(a), "nobody");
    const std::string place = "127.0.0.1:" + std::to_string(port);
    ASSERT_TRUE(run_until([&] { return picked(a) == place; }));
    auto* const endpoint = a.now->upstreams.at(0)->balancer->pick({});
    server.reset();
    endpoint->suspension = balance::Suspension::refused;
    control->saw(endpoint, snapshot::Sighting::connect_refused);
    EXPECT_EQ(picked(a), "nobody") << "the worker's word counts before anybody has published anything";
    const auto told = [this] {
        return std::any_of(journal.begin(), journal.end(), [](const auto& line) { return line.ends_with("up -> refused"); });
    };
    ASSERT_TRUE(run_until(told));
    EXPECT_GE(control->numbers().suspensions, 1U);
}

TEST_F(ControlTest, a_reload_changes_what_is_to_be_changed) {
    config.services = {service({config::StaticEndpoint{*config::parse_address("10.0.0.1:80"), 1}})};
    start();
    auto next = config;
    next.services = {service({config::StaticEndpoint{*config::parse_address("10.0.0.2:80"), 1}})};
    next.listeners = {listener("web", 9000), listener("second", 8001)};
    doors.remark = "1 of 2 workers";
    const auto report = control->reload(next);
    ASSERT_TRUE(report);
    EXPECT_NE(report->find("second"), std::string::npos) << *report;
    EXPECT_EQ(picked(a), "10.0.0.2:80");
    EXPECT_EQ(doors.told, (std::vector<std::string>{"prepared 1", "committed", "prepared 2", "committed"}));
    EXPECT_TRUE(report->ends_with("; 1 of 2 workers")) << "what the doors have to say belongs to the report: " << *report;
    EXPECT_EQ(control->numbers().config_generation, 2U);
}

TEST_F(ControlTest, an_answer_longer_than_a_registry_may_give_is_counted_until_a_reload_allows_it) {
    const ScriptedServer consul([](int, int, const std::string&) {
        return Reply{
            "HTTP/1.1 200 OK\r\nX-Consul-Index: 7\r\nX-Consul-KnownLeader: true\r\nX-Consul-LastContact: 0\r\nContent-Length: "
            "2002\r\n\r\n[" +
            std::string(2'000, ' ') + "]"};
    });
    config::ConsulSource source;
    source.addresses = {consul.address()};
    config.discovery.consul = {source};
    config.discovery.max_answer = {1'000};
    config.services = {service({config::ConsulRef{.service = "web"}})};
    start();
    ASSERT_TRUE(run_until([&] { return control->numbers().answers_too_long > 0; }));
    EXPECT_FALSE(control->sources().at(0).synced);
    config.discovery.max_answer = {10'000};
    ASSERT_TRUE(control->reload(config));
    EXPECT_TRUE(run_until([&] { return control->sources().at(0).synced; }));
}

TEST_F(ControlTest, a_refused_reload_changes_nothing) {
    config.services = {service({config::StaticEndpoint{*config::parse_address("10.0.0.1:80"), 1}})};
    start();
    auto next = config;
    next.services.clear();
    next.listeners.push_back(listener("taken", 1));
    a.told.clear();
    const auto* const before = a.now;
    const auto report = control->reload(next);
    ASSERT_FALSE(report);
    EXPECT_NE(report.error().what.find("held"), std::string::npos);
    EXPECT_EQ(a.now, before);
    EXPECT_TRUE(a.told.empty());
    EXPECT_EQ(doors.told.back(), "refused");
    EXPECT_EQ(control->config().services.size(), 1U);
    EXPECT_FALSE(control->numbers().last_reload_good);
}

TEST_F(ControlTest, state_of_an_endpoint_survives_a_reload_that_does_not_concern_it) {
    config.services = {service({config::StaticEndpoint{*config::parse_address("10.0.0.1:80"), 1}})};
    start();
    auto* const before = a.now->upstreams.at(0)->endpoints.at(0).get();
    auto next = config;
    next.services[0].timeouts.connect = 7ms;
    next.services[0].endpoints.emplace_back(config::StaticEndpoint{*config::parse_address("10.0.0.2:80"), 1});
    ASSERT_TRUE(control->reload(next));
    EXPECT_EQ(a.now->upstreams.at(0)->endpoints.at(0).get(), before);
    EXPECT_EQ(a.now->upstreams.at(0)->policy->service.timeouts.connect, 7ms);
}

TEST_F(ControlTest, only_what_a_moment_brings_is_remembered_of_a_flood_of_sightings) {
    config.services = {service({config::StaticEndpoint{*config::parse_address("10.0.0.1:80"), 1}})};
    start();
    auto* const endpoint = a.now->upstreams.at(0)->endpoints.at(0).get();
    for (int i = 0; i < 10'000; ++i) {
        control->saw(endpoint, snapshot::Sighting::idle_closed);
    }
    EXPECT_EQ(control->numbers().sightings, 10'000U);
    EXPECT_EQ(control->numbers().sightings_dropped, 10'000U - 4096U);
    run_until([] { return true; });
}

TEST_F(ControlTest, draining_ends_readiness_and_reaches_every_worker) {
    start();
    control->drain({}, {});
    EXPECT_FALSE(control->ready());
    EXPECT_EQ(b.told.back(), "drain");
}

}  // namespace
}  // namespace cardea::control
