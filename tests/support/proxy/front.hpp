#pragma once
// A worker as it runs in the product, in this process: its own thread, a listening socket on loopback, a snapshot made by
// the real builder, and a clock that stands still until the test moves it.

#include "proxy/net/clock.hpp"
#include "proxy/snapshot/build_snapshot.hpp"
#include "proxy/worker.hpp"
#include "tests/support/proxy/peer.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace cardea::support {

class StillClock final : public net::Clock {
public:
    [[nodiscard]] config::TimePoint now() const override {
        return config::TimePoint{} + std::chrono::hours{1} + passed() + std::chrono::microseconds{looks_ += look_us_};
    }
    [[nodiscard]] config::WallTime wall() const override { return config::WallTime{} + std::chrono::hours{500'000} + passed(); }
    void advance(config::Duration by) { passed_ms_ += by.count(); }
    /// From now on every look at it takes that long.
    void look_takes(std::chrono::microseconds time) { look_us_ = time.count(); }

private:
    [[nodiscard]] config::Duration passed() const { return config::Duration{passed_ms_.load()}; }
    std::atomic<std::int64_t> passed_ms_{0}, look_us_{0};
    mutable std::atomic<std::int64_t> looks_{0};  // microseconds that they took
};

/// What a worker told control.
class Sightings final : public snapshot::ControlPort {
public:
    void saw(balance::EndpointState* endpoint, snapshot::Sighting sighting) override {
        const std::lock_guard lock(mutex_);
        seen_.emplace_back(endpoint->id, sighting);
    }
    [[nodiscard]] std::vector<std::pair<std::string, snapshot::Sighting>> all() const {
        const std::lock_guard lock(mutex_);
        return seen_;
    }

private:
    mutable std::mutex mutex_;  // guards seen_
    std::vector<std::pair<std::string, snapshot::Sighting>> seen_;
};

struct WrittenRecord {
    std::string client_ip, request_line, host, service, endpoint, request_id;
    std::uint16_t status{0};
    http::Reason reason{};
    std::uint64_t body_bytes{0};
    std::uint32_t attempts{0}, moved{0};
    std::uint64_t queued_us{0};
    observe::Loss loss{};
    observe::Outcome outcome{};
    std::uint64_t allocations{0};  ///< of the worker's thread, since the record before was written
};

class Records final : public observe::RecordSink {
public:
    void write(const observe::Record& record, config::WallTime now) override;
    [[nodiscard]] std::vector<WrittenRecord> all() const;

private:
    std::uint64_t allocations_{0};  // of the worker's thread so far, when the last record had been written
    mutable std::mutex mutex_;      // guards written_
    std::vector<WrittenRecord> written_;
};

/// What a test wants different from the defaults.
struct FrontSetup {
    config::Listener listener{};
    config::Service service{};            ///< named `web`
    std::vector<config::Route> routes{};  ///< empty: everything to `web`
    std::uint32_t max_connections{1000};
};

class Front {
public:
    /// One service `web` over these ports of loopback.
    explicit Front(const std::vector<std::uint16_t>& endpoint_ports, FrontSetup setup = {});
    ~Front();
    Front(const Front&) = delete;
    Front& operator=(const Front&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] Peer client(int receive_buffer = 0) const { return Peer::to(port_, receive_buffer); }
    /// Moves the clock and lets the worker see it.
    void advance(config::Duration by);
    /// Waits until the worker has taken every order posted so far.
    void settle();
    /// Waits (up to ten seconds) until it is so; counters follow the bytes by a moment.
    [[nodiscard]] static bool eventually(const std::function<bool()>& so);
    /// A new snapshot with these endpoints eligible (index into the ports).
    void serve_from(const std::vector<std::size_t>& eligible);
    /// The same endpoints under other settings, as after a reload.
    void reconfigure(config::Service service);
    /// Ends the thread; the worker's counters stay.
    void join();

    proxy::Worker& worker() { return *worker_; }
    balance::EndpointState& endpoint(std::size_t index) { return *endpoints_.at(index); }
    std::shared_ptr<balance::EndpointState> shared_endpoint(std::size_t index) { return endpoints_.at(index); }
    StillClock clock{};
    Sightings sightings{};
    Records records{};
    observe::WorkerMetrics metrics{};
    proxy::Shared shared;

private:
    void apply();
    std::vector<std::size_t> eligible_;
    FrontSetup setup_;
    snapshot::SnapshotBuilder builder_{1};
    std::vector<std::shared_ptr<balance::EndpointState>> endpoints_;
    std::vector<std::unique_ptr<const snapshot::Snapshot>> snapshots_;
    std::uint16_t port_{0};
    std::unique_ptr<proxy::Worker> worker_;
    std::thread thread_;
};

}  // namespace cardea::support
