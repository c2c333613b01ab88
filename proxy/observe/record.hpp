#pragma once
// One finished exchange, as access log and metrics see it. Filled by the exchange on its way, views live until it ends.

#include "config/units.hpp"
#include "proxy/http/status_error.hpp"

#include <atomic>
#include <cstdint>
#include <string_view>

namespace cardea::observe {

/// What kept a request that an endpoint lost from being answered by another.
enum class Loss : std::uint8_t {
    none,            ///< nothing was lost, or it was made good
    response_begun,  ///< a byte of a response had come
    request_sent,    ///< a byte of a request that must not run twice had been handed to the kernel
    body_too_large,  ///< a part of its body is gone that is more than retry.body_buffer keeps
    attempts,        ///< retry.attempts are used up
    budget,          ///< the service's retry budget is
    policy,          ///< retry.on_timeout is off, or a status is not to be retried for this method
    nobody_home,     ///< there was no endpoint to try, nor did the queue bring one
    count_,
};
[[nodiscard]] std::string_view name_of(Loss loss);  ///< snake_case, as in the access log and in metrics

enum class Outcome : std::uint8_t {
    complete,     ///< the whole answer went to the client, an endpoint's or ours
    cut,          ///< the answer was cut short
    client_gone,  ///< it did not stay for the answer
};
[[nodiscard]] std::string_view name_of(Outcome outcome);

/// A view without data (`data() == nullptr`) means absent and is logged as `-`; a field sent empty is logged as nothing.
struct Record {
    std::string_view client_ip{};      ///< after trusted_proxies
    std::string_view authorization{};  ///< the request's Authorization; only the user name of Basic is ever written
    std::string_view request_line{};   ///< as received, `GET /x HTTP/1.1`; absent when none was readable
    std::string_view host{}, referer{}, user_agent{}, request_id{};
    std::string_view service{}, endpoint{};
    std::uint16_t status{0};
    http::Reason reason{http::Reason::none};
    std::uint64_t body_bytes{0};  ///< sent to the client, without head and chunk framing (nginx $body_bytes_sent)
    std::uint64_t duration_us{0};
    std::uint32_t attempts{0};   ///< endpoints asked, or the same once more
    std::uint32_t moved{0};      ///< attempts given up because the endpoint was suspended or went away under them
    std::uint64_t queued_us{0};  ///< waited for an endpoint to come back
    Loss loss{Loss::none};
    Outcome outcome{Outcome::complete};
};

/// Where a worker puts its records. One worker's own; never blocks: what cannot be kept is dropped and counted.
class RecordSink {
public:
    virtual ~RecordSink() = default;
    virtual void write(const Record& record, config::WallTime now) = 0;
    /// False while the log is switched off: a record need not be filled then. Any thread.
    [[nodiscard]] bool wanted() const { return wanted_.load(std::memory_order_relaxed); }
    void set_wanted(bool wanted) { wanted_.store(wanted, std::memory_order_relaxed); }

private:
    std::atomic<bool> wanted_{true};
};

}  // namespace cardea::observe
