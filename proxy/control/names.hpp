#pragma once
// When a host name is to be asked again, and what an answer means for what was known. Pure; one object per name.
// TTL between 1 s and 5 min, 5 s when there is none; a `no` is believed when it comes the third time, or at once while
// nothing was known; no answer at all changes nothing (RFC 2308 section 5 caches a no, a front door rather keeps going).

#include "config/units.hpp"
#include "proxy/control/resolver.hpp"

#include <optional>
#include <string>
#include <vector>

namespace cardea::control {

class FollowedName {
public:
    /// What is to be told now, if anything: addresses; or nothing and no error, the name does not exist; or an error.
    struct News {
        std::vector<config::IpAddress> addresses{};
        std::string error{};
    };
    /// Takes an answer; wait() says how long it holds.
    std::optional<News> answered(const Lookup& lookup);
    [[nodiscard]] config::Duration wait() const { return wait_; }
    /// Why the name gives nothing new at present; empty while it does.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

private:
    std::vector<config::IpAddress> known_{};
    bool told_{false};
    int absences_{0};
    int failures_{0};
    config::Duration wait_{1000};
    std::string trouble_{};
};

}  // namespace cardea::control
