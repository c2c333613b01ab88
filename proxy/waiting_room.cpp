#include "proxy/waiting_room.hpp"

#include "proxy/exchange.hpp"

namespace cardea::proxy {
namespace {

constexpr config::Duration between_turns{8};

}  // namespace

void WaitingRoom::enter(const upstream::Queue& queue, Guest& guest) {
    guest.called = false;
    lines_[&queue].guests.insert_ordered(guest, [](const Guest& a, const Guest& b) { return a.arrived < b.arrived; });
    wheel_->arm(timer_, *now_ + between_turns);
}

bool WaitingRoom::occupied(const upstream::Queue& queue) {
    const auto line = lines_.find(&queue);
    return line != lines_.end() && !line->second.guests.empty();
}

void WaitingRoom::call() {
    std::erase_if(lines_, [](auto& line) { return line.second.guests.empty(); });
    for (auto& [queue, line] : lines_) {
        if (!line.guests.front()->exchange->somebody_is_there()) {
            line.turn = first_turn;
            continue;
        }
        for (std::size_t i = 0; i < line.turn && !line.guests.empty(); ++i) {
            Guest& next = *line.guests.pop_front();
            next.called = true;
            next.exchange->look_again();
        }
        line.turn *= 2;
    }
    if (!lines_.empty()) {
        wheel_->arm(timer_, *now_ + between_turns);
    }
}

}  // namespace cardea::proxy
