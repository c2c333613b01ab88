#pragma once
// What a worker counts. Each worker owns one WorkerMetrics and is its only writer (relaxed load and store, no
// read-modify-write), so admin may read while it serves. Summed over the workers at scrape time.

#include "proxy/http/status_error.hpp"
#include "proxy/observe/counter.hpp"
#include "proxy/observe/record.hpp"
#include "proxy/observe/request_table.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace cardea::observe {

/// Upper bounds in microseconds: 0.5 ms, 1 ms, 2.5 ms, then OpenTelemetry's 5 ms ... 10 s.
inline constexpr std::array<std::uint64_t, 15> duration_bounds_us{
    500, 1'000, 2'500, 5'000, 10'000, 25'000, 50'000, 75'000, 100'000, 250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000};

/// For what lasts microseconds: 10 us ... 100 ms.
inline constexpr std::array<std::uint64_t, 13> work_bounds_us{10, 25, 50, 100, 200, 350, 500, 1'000, 2'500, 5'000, 10'000, 25'000, 100'000};

/// The buckets that end at these bounds, inclusive, and one for all above.
template <const auto& bounds_us>
struct Histogram {
    static constexpr auto& bounds = bounds_us;
    std::array<Counter, bounds_us.size() + 1> buckets{};
    Counter sum_us{};
    void observe(std::uint64_t microseconds) {
        // From below, one after the other: short times are by far the most.
        const auto* const bound =
            std::find_if(bounds_us.begin(), bounds_us.end(), [&](std::uint64_t most) { return microseconds <= most; });
        buckets[static_cast<std::size_t>(bound - bounds_us.begin())].add();
        sum_us.add(microseconds);
    }
    /// Less than nothing counts as nothing.
    void observe(std::chrono::nanoseconds time) {
        observe(static_cast<std::uint64_t>(std::max<std::int64_t>(std::chrono::floor<std::chrono::microseconds>(time).count(), 0)));
    }
};
using DurationHistogram = Histogram<duration_bounds_us>;
using WorkHistogram = Histogram<work_bounds_us>;

/// A limit that was hit and that no Reason of an answer tells.
enum class Limit : std::uint8_t {
    max_connections,          ///< of the process: accepting paused
    descriptors,              ///< none was left
    client_max_connections,   ///< of one address
    requests_per_connection,  ///< said Connection: close
    connection_age,           ///< said Connection: close
    header_timeout,
    first_byte_timeout,
    idle_timeout,
    body_timeout,
    body_rate,
    write_timeout,
    write_rate,
    half_close_timeout,
    linger_time,
    linger_bytes,
    max_pending,
    max_buffered,
    max_queue_time,
    max_pipes,  ///< a large answer was copied instead
    response_max_headers,
    response_max_header_count,
    response_max_interim,
    chunked_max_extensions,  ///< of a chunk or of a body
    chunked_max_trailers,    ///< too many or too long
    continue_timeout,        ///< said 100 (Continue) in the endpoint's place
    tunnel_idle,
    count_,
};
[[nodiscard]] std::string_view name_of(Limit limit);  ///< as in metrics; that of its key where it has one

/// A look at the clock is a hundredth of what a small request costs: only one request in so many pays for two.
inline constexpr std::uint64_t overhead_every = 16;

struct alignas(64) WorkerMetrics {
    Counter accepted{}, handled{};                     ///< nginx's meaning; `accepts handled requests` of stub_status
    Counter connections_active{}, connections_idle{};  ///< gauges; active counts idle ones too
    Counter reading{}, writing{};                      ///< gauges as in stub_status
    std::array<Counter, 65> listener_connections{};    ///< gauges, by the number of the listener's name: 64 is all others
    Counter requests{};                                ///< heads accepted for routing or answered with an error
    Counter in_flight{};                               ///< gauge
    RequestTable answered{};                           ///< exchanges by listener, route, method and status
    std::array<Counter, static_cast<std::size_t>(http::Reason::count_)> errors{};  ///< our own answers, by reason
    Counter upstream_connects{}, upstream_reuses{}, upstream_connect_failures{};
    Counter upstream_connections{}, upstream_idle{};                     ///< gauges; the first counts idle ones too
    std::array<Counter, static_cast<std::size_t>(Loss::count_)> lost{};  ///< requests that no endpoint made good, by what kept them
    Counter retries{}, retry_budget_exhausted{}, moved{};
    Counter queue_requests{}, queue_bytes{};                                          ///< gauges: waiting for an endpoint to come back
    Counter queued{}, queue_served{}, queue_timed_out{}, queue_full{}, queue_left{};  ///< entered; and how it ended, or why not
    Counter bytes_received{}, bytes_sent{};                                           ///< payload and heads, downstream side
    Counter tunnels{};                                                                ///< gauge
    Counter log_lines_dropped{}, accept_paused{};
    std::array<Counter, static_cast<std::size_t>(Limit::count_)> limits{};
    DurationHistogram request_duration{};
    WorkHistogram proxy_overhead{};           ///< of one request in overhead_every
    Counter buffered{};                       ///< gauge: bytes of messages in memory
    DurationHistogram loop_lag{};             ///< how long what is ready at most waits for its round
    WorkHistogram snapshot_apply{};           ///< how long the worker did nothing else because a new snapshot came
    DurationHistogram upstream_connect{};     ///< connects that succeeded
    DurationHistogram upstream_first_byte{};  ///< from the attempt's beginning to the final head of its answer

    void hit(Limit limit) { limits[static_cast<std::size_t>(limit)].add(); }
};

}  // namespace cardea::observe
