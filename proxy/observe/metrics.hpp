#pragma once
// What a worker counts. Each worker owns one WorkerMetrics and is its only writer (relaxed load and store, no
// read-modify-write), so admin may read while it serves. Summed over the workers at scrape time.

#include "proxy/http/status_error.hpp"
#include "proxy/observe/record.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace cardea::observe {

/// A counter with one writer and any number of readers.
class Counter {
public:
    void add(std::uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
    void sub(std::uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

/// Upper bounds in microseconds: 0.5 ms, 1 ms, 2.5 ms, then OpenTelemetry's 5 ms ... 10 s.
inline constexpr std::array<std::uint64_t, 15> duration_bounds_us{
    500, 1'000, 2'500, 5'000, 10'000, 25'000, 50'000, 75'000, 100'000, 250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000};

struct DurationHistogram {
    std::array<Counter, duration_bounds_us.size() + 1> buckets{};
    Counter sum_us{};
    void observe(std::uint64_t microseconds);
};

struct alignas(64) WorkerMetrics {
    Counter accepted{}, handled{};                     ///< nginx's meaning; `accepts handled requests` of stub_status
    Counter connections_active{}, connections_idle{};  ///< gauges; active counts idle ones too
    Counter reading{}, writing{};                      ///< gauges as in stub_status
    Counter requests{};                                ///< heads accepted for routing or answered with an error
    Counter in_flight{};                               ///< gauge
    std::array<Counter, 6> responses{};                ///< by class: [1]=1xx ... [5]=5xx, [0]=none sent (client gone)
    std::array<Counter, static_cast<std::size_t>(http::Reason::count_)> errors{};  ///< our own answers, by reason
    Counter upstream_connects{}, upstream_reuses{}, upstream_connect_failures{};
    Counter upstream_connections{};                                      ///< gauge, idle and busy
    std::array<Counter, static_cast<std::size_t>(Loss::count_)> lost{};  ///< requests that no endpoint made good, by what kept them
    Counter retries{}, retry_budget_exhausted{}, moved{};
    Counter queue_requests{}, queue_bytes{};                                          ///< gauges: waiting for an endpoint to come back
    Counter queued{}, queue_served{}, queue_timed_out{}, queue_full{}, queue_left{};  ///< entered; and how it ended, or why not
    Counter bytes_received{}, bytes_sent{};                                           ///< payload and heads, downstream side
    Counter tunnels{};                                                                ///< gauge
    Counter log_lines_dropped{}, accept_paused{}, limits_hit{};
    DurationHistogram request_duration{};
};

}  // namespace cardea::observe
