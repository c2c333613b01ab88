#pragma once
// The requests of this worker that wait for an endpoint to come back, in the order they came, one line a service. When
// there is one again they are let through a few at a time, twice as many each turn: it has only just started and its
// listen queue may be short. One worker.

#include "proxy/net/list.hpp"
#include "proxy/net/timer_wheel.hpp"
#include "proxy/upstream/queue.hpp"

#include <cstdint>
#include <unordered_map>

namespace cardea::proxy {

class Exchange;

class WaitingRoom final : public net::Wakeable {
public:
    /// One waiting request; leaves its line when it dies.
    struct Guest final : net::Link {
        explicit Guest(Exchange& who) : exchange(&who) {}
        Exchange* exchange;
        config::TimePoint arrived{};  ///< at the front door: who comes back after a failed attempt gets its place again
        bool called{false};           ///< it is its turn
    };

    WaitingRoom(net::TimerWheel& wheel, const config::TimePoint& now) : wheel_(&wheel), now_(&now), timer_(*this, 1) {}
    void enter(const upstream::Queue& queue, Guest& guest);
    /// Somebody waits for that service: a request that comes now has to go behind.
    [[nodiscard]] bool occupied(const upstream::Queue& queue);
    [[nodiscard]] bool empty() const { return lines_.empty(); }
    /// Lets through who may go. After a snapshot was applied, and by the timer.
    void call();
    void wake(std::uint32_t /*bits*/) override { call(); }

private:
    static constexpr std::size_t first_turn = 8;
    struct Line {
        net::List<Guest> guests{};
        std::size_t turn{first_turn};  ///< how many are let through next
    };
    net::TimerWheel* wheel_;
    const config::TimePoint* now_;  ///< of this batch
    net::Timer timer_;
    std::unordered_map<const upstream::Queue*, Line> lines_{};  ///< none is kept empty for longer than a turn
};

}  // namespace cardea::proxy
