#pragma once
// What a probe asks and what its outcome means. Values and pure functions; the I/O is in proxy/control/prober.

#include "config/config.hpp"

#include <cstdint>
#include <string>

namespace cardea::health {

/// Why a probe is made; handed back with its outcome.
enum class Purpose : std::uint8_t {
    admission,  ///< first admission, or re-admission after a suspension
    suspicion,  ///< something looked wrong: is it still there?
    active,     ///< periodic check that the user asked for
    held,       ///< kept on weak evidence only: does it still answer?
    silence,    ///< requests wait on it and nothing comes
    vouch,      ///< requests wait on a peer of it: would a good endpoint answer now?
};

struct ProbePlan {
    enum class Kind : std::uint8_t { http, tcp };
    Kind kind{Kind::http};
    std::string path{"/"};
    std::string host{};  ///< empty: the endpoint's address
    config::Duration timeout{2000};
    std::uint16_t expect_min{100}, expect_max{599};  ///< default: any well-formed answer
    friend bool operator==(const ProbePlan&, const ProbePlan&) = default;
};

/// What a frozen process is given to answer, and its peers as well.
inline constexpr config::Duration silence_timeout{150};

/// A connection that closes earlier than this was accepted for somebody who is not there (docker-proxy).
inline constexpr config::Duration tcp_probe_hold{20};

/// The probe that admits. Where active checks are given and `admission` is not, the first good check admits: whoever
/// says what healthy means does not want traffic before that. `admission: off` leaves a TCP probe for re-admission.
[[nodiscard]] ProbePlan admission_plan(const config::Health& health);
[[nodiscard]] ProbePlan active_plan(const config::ActiveHealth& active);
/// The probe that tells a frozen process from one at work: any answer counts, a connect alone never does (the kernel of a
/// frozen process accepts).
[[nodiscard]] ProbePlan silence_plan(const config::Health& health, config::Duration timeout);
/// The probe after something looked wrong. Who is not to be probed is only connected to.
[[nodiscard]] ProbePlan suspicion_plan(const config::Health& health, bool discovered);
/// Whether an endpoint must pass a probe before its first request.
[[nodiscard]] bool needs_admission(const config::Health& health, bool discovered);

struct ProbeOutcome {
    enum class Verdict : std::uint8_t {
        good,
        refused,  ///< nobody is there: evidence of absence
        bad,      ///< no answer in time, closed, malformed, unexpected status
        unmade,   ///< we had no descriptor for it: says nothing
    };
    Verdict verdict{Verdict::bad};
    std::string why{};              ///< `200 in 3 ms`, `Connection refused`
    std::uint8_t address_index{0};  ///< which of the endpoint's addresses answered; only with `good`
};

}  // namespace cardea::health
