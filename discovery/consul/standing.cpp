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

bool Standing::in_touch(const Signs& signs) {
    return signs.known_leader && signs.last_contact < leaderless_for;
}

discovery::Evidence Standing::judge(const Signs& signs, config::TimePoint now) {
    const bool regressed = signs.index != 0 && signs.index < last_index_;
    const bool first = after_trouble_ || regressed;
    const bool lost_on_the_way = first && signs.empty && (!signs.was_empty || !answered_);
    data_lost_ = regressed || lost_on_the_way || (data_lost_ && signs.empty);
    answered_ = true;
    if (signs.index != 0) {
        last_index_ = signs.index;
    }
    after_trouble_ = !in_touch(signs) || signs.rights_in_doubt;
    if (first || data_lost_) {  // as long as nothing at all is there, the return of the first has yet to begin
        settled_at_ = std::max(settled_at_, now + (data_lost_ ? settles_after_loss_in : settles_in));
    }
    if (first || after_trouble_) {
        return discovery::Evidence::weak;
    }
    return now < settled_at_ ? discovery::Evidence::settling : discovery::Evidence::strong;
}

}  // namespace cardea::consul
