#include "proxy/accept/listener.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace cardea::accept {
namespace {

using namespace std::chrono_literals;

constexpr config::Duration pause_time = 50ms;
constexpr int largest_turn = 64;

}  // namespace

Listener::Listener(net::Poller& poller, net::TimerWheel& wheel, observe::WorkerMetrics& metrics, snapshot::Door as, net::Descriptor socket,
                   const Door& door)
    : poller_(&poller),
      wheel_(&wheel),
      metrics_(&metrics),
      as_(std::move(as)),
      socket_(std::move(socket)),
      door_(&door),
      pause_timer_(*this, 1) {
    wait_for_clients();
}

void Listener::wait_for_clients() {
    (void)(as_.shared ? poller_->watch_shared(socket_.get(), *this) : poller_->watch_input(socket_.get(), *this, false));
}

Listener::~Listener() {
    if (!paused_) {
        poller_->forget(socket_.get());  // siblings may hold the same socket: closing alone would not end the events
    }
}

void Listener::on_events(std::uint32_t /*events*/) {
    waiting_ = true;
}

void Listener::wake(std::uint32_t /*bits*/) {
    if (std::exchange(paused_, false)) {
        wait_for_clients();
    }
}

/// Level-triggered readiness would spin: leaves the poller for a while.
void Listener::pause(observe::Limit why, config::TimePoint now) {
    paused_ = true;
    poller_->forget(socket_.get());
    metrics_->accept_paused.add();
    metrics_->hit(why);
    wheel_->arm(pause_timer_, now + pause_time);
}

int Listener::accept_one() {
    net::SocketAddress peer;
    peer.size = sizeof peer.storage;
    net::Descriptor client(::accept4(socket_.get(), peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!client) {
        return errno;
    }
    door_->accepted(*this, std::move(client), peer);
    return 0;
}

void Listener::leave() {
    if (!std::exchange(paused_, true)) {
        poller_->forget(socket_.get());
    }
    wheel_->disarm(pause_timer_);
    constexpr int longest_queue = 4096;  // of those who come later, others take care, or newcomers are kept away by now
    for (int count = 0; count <= longest_queue; ++count) {
        const int error = accept_one();
        if (error == EAGAIN || error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM || error == EINVAL) {
            return;
        }
    }
}

void Listener::accept(config::TimePoint now) {
    if (!std::exchange(waiting_, false) || paused_) {
        drained_at_ = now;
        return;
    }
    for (int count = 0; count < turn_; ++count) {
        if (const auto limit = door_->full()) {
            return pause(*limit, now);
        }
        const int error = accept_one();
        if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
            door_->exhausted();
            return pause(observe::Limit::descriptors, now);
        }
        if (error == EAGAIN) {
            drained_at_ = now;
            turn_ = std::max(1, turn_ / 2);
            return;
        }
        // ECONNABORTED and the like concern that client alone.
    }
    turn_ = std::min(largest_turn, turn_ * 2);
}

}  // namespace cardea::accept
