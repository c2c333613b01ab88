#include "proxy/idle_time.hpp"

namespace cardea::proxy {

int IdleTime::spend(net::Poller& poller, const net::Clock& clock, std::optional<config::Duration> patience) {
    const config::TimePoint began = clock.now();
    config::TimePoint now = began;
    int events = 0;
    for (; events == 0 && worth_spinning() && now - began < spin; now = clock.now()) {
        events = poller.wait(config::Duration{0});
    }
    if (events == 0) {
        events = poller.wait(patience);
        now = clock.now();
    }
    lasted(now - began);
    return events;
}

}  // namespace cardea::proxy
