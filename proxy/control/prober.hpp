#pragma once
// Makes the probes that the endpoint book orders, at most so many a second, and tells how they ended. An endpoint with
// several addresses is asked at each, the one in use first, the next a moment later or as soon as the one before has
// failed; the first good answer counts. Control thread.

#include "proxy/control/endpoint_book.hpp"
#include "proxy/control/loop.hpp"
#include "proxy/control/outbound.hpp"

#include <cstdint>
#include <functional>
#include <memory>

namespace cardea::control {

/// So many at once, refilled evenly: probes must not crowd out what they are for. Pure.
class ProbeAllowance {
public:
    explicit ProbeAllowance(std::uint32_t per_second) {
        set(per_second);
        tokens_ = burst_;
    }
    void set(std::uint32_t per_second);
    /// Takes one if there is one.
    bool take(config::TimePoint now);
    /// When the next one will be there.
    [[nodiscard]] config::TimePoint next(config::TimePoint now) const;

private:
    double per_second_{1};
    double burst_{1};  ///< a tenth of a second's worth, at least one
    double tokens_{0};
    config::TimePoint refilled_{};
};

struct ProbeCounts {
    std::uint64_t good{0}, bad{0}, deferred{0};
};

class Prober {
public:
    using Ended = std::function<void(const ProbeOrder&, const health::ProbeOutcome&)>;

    /// `book` is asked for orders; `ended` is called later, never inside poke(). All outlive the prober.
    Prober(Loop& loop, Outbound& outbound, EndpointBook& book, std::uint32_t per_second, Ended ended);
    ~Prober();  ///< ends what is under way without a word
    Prober(const Prober&) = delete;
    Prober& operator=(const Prober&) = delete;

    /// The book may have other orders than before: starts what is due, and sets the timer for the rest.
    void poke();
    /// `health.max_per_second`, from now on.
    void set_limit(std::uint32_t per_second);
    /// Ends what is under way without a word; poke() does nothing from now on.
    void stop();
    [[nodiscard]] ProbeCounts counts() const;

private:
    class Rounds;
    std::shared_ptr<Rounds> rounds_;
};

}  // namespace cardea::control
