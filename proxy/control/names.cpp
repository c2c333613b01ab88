#include "proxy/control/names.hpp"

#include <algorithm>

namespace cardea::control {

namespace {

constexpr config::Duration shortest_ttl{1'000};
constexpr config::Duration longest_ttl{300'000};
constexpr config::Duration ttl_when_none{5'000};
constexpr config::Duration longest_retry{5'000};
constexpr int absences_believed = 3;

}  // namespace

std::optional<FollowedName::News> FollowedName::answered(const Lookup& lookup) {
    if (lookup.outcome == Lookup::Outcome::found) {
        absences_ = failures_ = 0;
        trouble_.clear();
        wait_ = lookup.ttl.count() == 0 ? ttl_when_none : std::clamp(lookup.ttl, shortest_ttl, longest_ttl);
        if (told_ && known_ == lookup.addresses) {
            return std::nullopt;
        }
        told_ = true;
        known_ = lookup.addresses;
        return News{known_, {}};
    }
    trouble_ = lookup.error;
    wait_ = std::min(longest_retry, shortest_ttl * (1 << std::min(failures_, 3)));
    ++failures_;
    const bool absent = lookup.outcome == Lookup::Outcome::absent;
    absences_ += absent ? 1 : 0;
    if (!known_.empty() && (!absent || absences_ < absences_believed)) {
        return std::nullopt;
    }
    known_.clear();
    told_ = true;
    return News{{}, absent ? std::string{} : lookup.error};
}

}  // namespace cardea::control
