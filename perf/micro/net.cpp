// Deadlines, buffers and coroutines: what every message costs a worker besides its bytes.
#include "perf/micro/measure.hpp"
#include "perf/micro/rooms.hpp"
#include "proxy/net/block_pool.hpp"
#include "proxy/net/task.hpp"
#include "proxy/net/timer_wheel.hpp"

#include <chrono>
#include <deque>
#include <memory>
#include <string>

namespace cardea::micro {
namespace {

using namespace std::chrono_literals;

class Sleeper final : public net::Wakeable {
public:
    void wake(std::uint32_t /*bits*/) override { ++woken; }
    std::uint64_t woken{0};
};

/// Each timer is pushed out once more in turn, as by a message of its connection; the time goes on by 20 us a message and
/// the wheel is looked at as after a batch of eight. Nothing falls due.
void add_rearm(std::size_t count) {
    add("timer_wheel/rearm/" + std::to_string(count) + "_timers", [count](benchmark::State& state) {
        config::TimePoint now{};
        const auto wheel = std::make_unique<net::TimerWheel>(now);
        Sleeper sleeper;
        std::deque<net::Timer> timers;
        for (std::size_t i = 0; i < count; ++i) {
            timers.emplace_back(sleeper, 1);
            wheel->arm(timers.back(), now + 75s);
        }
        std::size_t next = 0;
        measure(state, [&] {
            wheel->arm(timers[next], now + 75s);
            next = next + 1 == count ? 0 : next + 1;
            if (next % 8 == 0) {
                now += 160us;
                wheel->advance(now);
            }
            return sleeper.woken;
        });
        if (sleeper.woken > 0) {
            state.SkipWithError("a timer fell due");
        }
    });
}

/// A short deadline armed and given up again: a connect, a first byte.
void add_arm_and_disarm() {
    add("timer_wheel/arm_and_disarm", [](benchmark::State& state) {
        const config::TimePoint now{};
        const auto wheel = std::make_unique<net::TimerWheel>(now);
        Sleeper sleeper;
        net::Timer timer(sleeper, 1);
        measure(state, [&] {
            wheel->arm(timer, now + 5s);
            wheel->disarm(timer);
            return wheel->until_next(now);
        });
    });
}

net::Task<int> answer() {
    co_return 42;
}

net::Task<void> ask(int& sum) {
    const int one = co_await answer();
    sum += one;
}

}  // namespace

void add_net() {
    add_rearm(64);
    add_rearm(10'000);
    add_arm_and_disarm();
    add("block_pool/take_and_give_back/512B", [](benchmark::State& state) {
        net::BlockPool pool;
        measure(state, [&] { return pool.take(512).size(); });
    });
    add("task/await_one_that_does_not_wait", [](benchmark::State& state) {
        int sum = 0;
        measure(state, [&] {
            net::Task<void> task = ask(sum);
            task.start();
            return sum;
        });
    });
}

}  // namespace cardea::micro
