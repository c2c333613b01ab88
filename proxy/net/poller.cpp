#include "proxy/net/poller.hpp"

#include "proxy/net/system_calls.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <system_error>

namespace cardea::net {

Poller::Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) {
        throw std::system_error(errno, std::generic_category(), "epoll_create1");
    }
}

Poller::~Poller() {
    ::close(epoll_);
}

bool Poller::control(int operation, int descriptor, Watcher* watcher, std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.ptr = watcher;
    return ::epoll_ctl(epoll_, operation, descriptor, &event) == 0;
}

bool Poller::watch(int descriptor, Watcher& watcher) {
    return control(EPOLL_CTL_ADD, descriptor, &watcher, std::uint32_t{EPOLLIN} | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

bool Poller::watch_input(int descriptor, Watcher& watcher, bool edge_triggered) {
    return control(EPOLL_CTL_ADD, descriptor, &watcher, edge_triggered ? std::uint32_t{EPOLLIN} | EPOLLET : std::uint32_t{EPOLLIN});
}

bool Poller::watch_shared(int descriptor, Watcher& watcher) {
    return control(EPOLL_CTL_ADD, descriptor, &watcher, std::uint32_t{EPOLLIN} | EPOLLEXCLUSIVE);
}

void Poller::forget(int descriptor) {
    (void)control(EPOLL_CTL_DEL, descriptor, nullptr, 0);
}

int Poller::wait(std::optional<config::Duration> timeout) {
    std::array<epoll_event, batch> events;
    int milliseconds = -1;
    if (timeout) {
        milliseconds = static_cast<int>(std::clamp<std::int64_t>(timeout->count(), 0, std::numeric_limits<int>::max()));
    }
    const int count = wait_for_events(epoll_, events, milliseconds);
    for (int i = 0; i < count; ++i) {
        static_cast<Watcher*>(events[static_cast<std::size_t>(i)].data.ptr)->on_events(events[static_cast<std::size_t>(i)].events);
    }
    return std::max(count, 0);
}

}  // namespace cardea::net
