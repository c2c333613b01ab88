#pragma once
// When a request may be tried again. Pure decisions; the budget is one object a service for the whole process.
// The rule that nothing overrides: once a byte of a non-idempotent request was handed to the kernel it is never sent
// again, and nothing is tried again after a byte of a response reached the client.

#include "config/config.hpp"
#include "proxy/http/head.hpp"
#include "proxy/observe/record.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace cardea::upstream {

/// What went wrong with an attempt.
enum class Setback : std::uint8_t {
    connect_failed,  ///< no connection: the request reached nobody
    stale,           ///< a pooled connection turned out closed before the first byte of this request was written
    lost,            ///< reset or closed after bytes were handed to the kernel, before the first byte of a response
    moved,           ///< the endpoint was suspended or vanished while the request waited on it
    timed_out,       ///< no first byte of a response in time
    status,          ///< an answer that the service lists in retry.on_status
};

/// How far the request has come.
struct Progress {
    http::Method method{http::Method::other};
    std::uint32_t attempts{1};     ///< begun so far, this one included
    bool bytes_sent{false};        ///< of this request, in this attempt, handed to the kernel
    bool replayable{true};         ///< everything sent can be sent again (the body was kept)
    bool response_started{false};  ///< a byte of a response (interim ones too) was handed on to the client
};

enum class Decision : std::uint8_t {
    give_up,
    again,
    again_if_budget,  ///< take() one from the service's budget first
};

/// What keeps the request from being tried again; `none` when may_retry() does not give up.
[[nodiscard]] observe::Loss obstacle(const config::Retry& policy, const Progress& progress, Setback setback);
[[nodiscard]] Decision may_retry(const config::Retry& policy, const Progress& progress, Setback setback);
/// Whether this answer is one to be retried at all (the answer is then thrown away).
[[nodiscard]] bool retried_status(const config::Retry& policy, std::uint16_t status);

/// Retries after a time-out or a status may be at most a share of the requests of the last ten seconds. Each worker writes
/// its own counters (relaxed load and store), the sum is made when a retry asks: exact but for what happens meanwhile.
class RetryBudget {
public:
    explicit RetryBudget(std::size_t workers);
    void count_request(std::size_t worker, config::TimePoint now);
    /// True and charged when there is room.
    [[nodiscard]] bool take(const config::Retry& policy, std::size_t worker, config::TimePoint now);
    /// How many retries there is room for. Any thread.
    [[nodiscard]] std::uint64_t left(const config::Retry& policy, config::TimePoint now) const;

private:
    static constexpr std::size_t seconds = 10;
    struct Second {
        std::atomic<std::int64_t> second{-1};
        std::atomic<std::uint32_t> requests{0}, retries{0};
    };
    struct alignas(64) Seat {
        std::array<Second, seconds> ring{};
    };
    [[nodiscard]] Second& current(std::size_t worker, std::int64_t second);
    std::size_t workers_;
    std::unique_ptr<Seat[]> seats_;
};

}  // namespace cardea::upstream
