#pragma once
// Edge-triggered epoll: a socket is registered once with IN|OUT|RDHUP and never again; what an event says is remembered
// by the watcher until an operation finds the socket drained or full. One worker.

#include "config/units.hpp"

#include <cstdint>
#include <optional>

namespace cardea::net {

class Watcher {
public:
    /// `events` as epoll reports them. Sets flags and wakes; must not destroy another watcher.
    virtual void on_events(std::uint32_t events) = 0;

protected:
    ~Watcher() = default;
};

class Poller {
public:
    Poller();
    ~Poller();
    Poller(const Poller&) = delete;
    Poller& operator=(const Poller&) = delete;

    /// A socket for both directions, edge-triggered. False when the kernel refuses (errno tells). Closing it unregisters.
    [[nodiscard]] bool watch(int descriptor, Watcher& watcher);
    /// Readability only: edge-triggered for an eventfd, level-triggered for a listening socket.
    [[nodiscard]] bool watch_input(int descriptor, Watcher& watcher, bool edge_triggered);
    /// A listening socket that others wait on too: level-triggered, and one of all of them is told (EPOLLEXCLUSIVE).
    [[nodiscard]] bool watch_shared(int descriptor, Watcher& watcher);
    void forget(int descriptor);
    static constexpr int batch = 256;  ///< events at most told at once; fewer: nothing else was ready
    /// Tells the watchers of one batch. `timeout`: nullopt waits for ever. Returns how many.
    int wait(std::optional<config::Duration> timeout);

private:
    bool control(int operation, int descriptor, Watcher* watcher, std::uint32_t events) const;
    int epoll_;
};

}  // namespace cardea::net
