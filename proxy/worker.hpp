#pragma once
// One data-plane thread: its own epoll set, listening sockets, upstream pools, timers and counters. Everything it shares
// with the other workers is in Shared (relaxed atomics) and in the endpoints' states; orders reach it through WorkerPort
// (a mailbox), what it sees goes out through ControlPort.

#include "proxy/accept/client_counts.hpp"
#include "proxy/net/clock.hpp"
#include "proxy/net/splice_pipe.hpp"
#include "proxy/observe/metrics.hpp"
#include "proxy/observe/record.hpp"
#include "proxy/snapshot/worker_port.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace cardea::proxy {

class Worker;

/// What the workers of one process share. Made before the first worker and outlives the last.
struct Shared {
    Shared(std::size_t worker_count, std::uint32_t connection_limit, std::uint64_t seed)
        : max_connections(connection_limit), accepting(worker_count), workers(worker_count), clients(seed) {}

    /// One a worker, on a cache line of its own: written by that worker, read by its siblings at accept.
    struct alignas(64) Seat {
        std::atomic<std::uint32_t> connections{0};
        std::atomic<Worker*> worker{nullptr};    ///< set while run() accepts work
        std::atomic<std::uint64_t> buffered{0};  ///< bytes of messages in memory
    };
    std::atomic<std::uint32_t> max_connections;                  ///< downstream, for the process; accepting pauses at it
    std::atomic<std::uint32_t> connections{0};                   ///< downstream, all workers
    std::atomic<std::uint64_t> max_buffered{~std::uint64_t{0}};  ///< bytes of messages, all workers; new requests are refused above
    std::atomic<config::Duration::rep> max_queue_ms{0};          ///< process.max_queue_time
    std::atomic<bool> spin{false};                               ///< process.latency: adaptive
    net::PipePool::Count pipes{};                                ///< process.max_pipes
    std::atomic<std::size_t> accepting;                          ///< the first so many take clients; the others serve those they have
    std::vector<Seat> workers;
    [[nodiscard]] std::uint64_t buffered() const {
        std::uint64_t sum = 0;
        for (const Seat& seat : workers) {
            sum += seat.buffered.load(std::memory_order_relaxed);
        }
        return sum;
    }
    accept::ClientCounts clients;
};

struct WorkerOptions {
    std::size_t index{0};  ///< its seat in `shared`, its counter in every net::Pins
    Shared* shared{nullptr};
    snapshot::ControlPort* control{nullptr};
    observe::WorkerMetrics* metrics{nullptr};  ///< this worker is the only writer
    observe::RecordSink* records{nullptr};     ///< access log; null = off, then records are not even filled
    const net::Clock* clock{nullptr};
    std::uint64_t seed{0};                        ///< of the worker's generator (request ids, random balancing)
    const snapshot::Snapshot* snapshot{nullptr};  ///< first one, never null
};

/// All pointers in the options outlive the worker.
class Worker final : public snapshot::WorkerPort {
public:
    explicit Worker(const WorkerOptions& options);
    ~Worker() override;
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// Thread body: serves until stop() or until a drain() has ended.
    void run();
    /// Ends run() soon, whatever is in flight. Any thread, also a signal handler's.
    void stop();

    [[nodiscard]] bool apply(const snapshot::Snapshot* snapshot) override;
    [[nodiscard]] std::uint64_t applied_version() const override;
    void listen(snapshot::Door door, int descriptor) override;
    void leave(std::uint64_t door) override;
    void move_waiting() override;
    void abort_endpoints(std::vector<std::shared_ptr<balance::EndpointState>> endpoints) override;
    void drain(config::TimePoint deadline, config::TimePoint idle_until) override;
    /// A client's connection accepted by a sibling that holds more than its share. The descriptor is this worker's now.
    void adopt(std::shared_ptr<const config::Listener> listener, int descriptor, accept::ClientCounts::Place place);

private:
    struct Core;
    std::unique_ptr<Core> core_;
};

}  // namespace cardea::proxy
