#pragma once
// Values posted to a worker from other threads: lock-free, in order per sender. The eventfd is never
// read: registered edge-triggered, every write is an event of its own.

#include "proxy/net/poller.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <system_error>
#include <utility>

namespace cardea::net {

template <typename T>
class Mailbox final : public Watcher {
public:
    Mailbox() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (event_ < 0) {
            throw std::system_error(errno, std::generic_category(), "eventfd");
        }
    }
    Mailbox(const Mailbox&) = delete;
    Mailbox& operator=(const Mailbox&) = delete;
    ~Mailbox() {
        drain([](T&&) {});
        ::close(event_);
    }

    [[nodiscard]] bool attach(Poller& poller) { return poller.watch_input(event_, *this, true); }

    /// Any thread.
    void post(T value) {
        auto node = std::make_unique<Node>(Node{std::move(value), nullptr});
        Node* raw = node.release();  // owned by the stack from here on, taken back in drain()
        raw->next = newest_.load(std::memory_order_relaxed);
        while (!newest_.compare_exchange_weak(raw->next, raw, std::memory_order_release, std::memory_order_relaxed)) {
        }
        knock();
    }
    /// Wakes the worker without a message. Any thread, async-signal-safe.
    void knock() const {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(event_, &one, sizeof one);
    }

    /// The worker's thread: hands over everything posted so far, oldest first.
    template <typename Take>
    void drain(Take take) {
        Node* newest = newest_.exchange(nullptr, std::memory_order_acquire);
        Node* oldest = nullptr;
        while (newest != nullptr) {
            Node* next = std::exchange(newest->next, oldest);
            oldest = newest;
            newest = next;
        }
        while (oldest != nullptr) {
            const std::unique_ptr<Node> node(oldest);
            oldest = node->next;
            take(std::move(node->value));
        }
    }
    [[nodiscard]] bool empty() const { return newest_.load(std::memory_order_relaxed) == nullptr; }

    void on_events(std::uint32_t /*events*/) override {}  // waking up was all: the worker drains after each batch

private:
    struct Node {
        T value;
        Node* next;
    };
    std::atomic<Node*> newest_{nullptr};
    int event_;
};

}  // namespace cardea::net
