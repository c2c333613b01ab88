#include "discovery/consul/standing.hpp"

#include <algorithm>

namespace cardea::consul {

namespace {

using namespace std::chrono_literals;

constexpr config::Duration leaderless_for = 10s;
/// After trouble with the data intact, every instance is in the first answer; a little time for clocks and elections.
constexpr config::Duration settles_in = 10s;
/// After a loss of data, agents register their services again by themselves: once a minute, spread by a random share.
constexpr config::Duration settles_after_loss_in = 90s;

}  // namespace

discovery::Evidence Standing::judge(const Signs& signs, config::TimePoint now) {
    const bool regressed = signs.index != 0 && signs.index < last_index_;
    const bool data_lost = regressed || (after_trouble_ && signs.empty && !signs.was_empty);
    const bool first = after_trouble_ || regressed;
    if (signs.index != 0) {
        last_index_ = signs.index;
    }
    after_trouble_ = !signs.known_leader || signs.last_contact >= leaderless_for || signs.rights_in_doubt;
    if (first) {
        settled_at_ = std::max(settled_at_, now + (data_lost ? settles_after_loss_in : settles_in));
    }
    if (first || after_trouble_) {
        return discovery::Evidence::weak;
    }
    return now < settled_at_ ? discovery::Evidence::settling : discovery::Evidence::strong;
}

}  // namespace cardea::consul
