#pragma once
// The one wait point of a coroutine: sockets, timers and the mailbox set bits, the coroutine waits for any of a mask and
// is resumed once per poll batch. Destroying the frame (and with it the Waker) cancels. One worker.

#include "proxy/net/list.hpp"

#include <coroutine>
#include <cstdint>
#include <utility>

namespace cardea::net {

/// What an event is told to: a waiting coroutine, or an idle thing that reacts by itself.
class Wakeable {
public:
    virtual void wake(std::uint32_t bits) = 0;

protected:
    ~Wakeable() = default;
};

class Waker;

/// Coroutines to be resumed. Those woken while a batch runs belong to the next one, so nobody starves the sockets.
class ReadyQueue {
public:
    [[nodiscard]] bool empty() const { return next_.empty(); }
    void push(Waker& waker);
    /// Resumes everything queued so far. A resumed coroutine may destroy any waker.
    void run();

private:
    List<Waker> next_;
};

class Waker final : public Wakeable, public Link {
public:
    explicit Waker(ReadyQueue& queue) : queue_(&queue) {}

    void wake(std::uint32_t bits) override {
        pending_ |= bits;
        if ((pending_ & mask_) != 0 && !linked()) {
            queue_->push(*this);
        }
    }
    /// Forgets bits that the caller is about to look at itself, so that they do not cost an empty turn.
    void forget(std::uint32_t bits) { pending_ &= ~bits; }
    [[nodiscard]] bool pending(std::uint32_t bits) const { return (pending_ & bits) != 0; }

    class Wait {
    public:
        Wait(Waker& waker, std::uint32_t mask) : waker_(&waker), mask_(mask) {}
        [[nodiscard]] bool await_ready() const noexcept { return (waker_->pending_ & mask_) != 0; }
        void await_suspend(std::coroutine_handle<> waiting) noexcept {
            waker_->waiting_ = waiting;
            waker_->mask_ = mask_;
        }
        std::uint32_t await_resume() noexcept {
            waker_->mask_ = 0;
            const std::uint32_t bits = waker_->pending_ & mask_;
            waker_->pending_ &= ~bits;
            return bits;
        }

    private:
        Waker* waker_;
        std::uint32_t mask_;
    };
    /// `bits = co_await waker.any(mask)`: those of the mask that were set, at least one.
    [[nodiscard]] Wait any(std::uint32_t mask) { return {*this, mask}; }

    class Yield {
    public:
        explicit Yield(Waker& waker) : waker_(&waker) {}
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> waiting) noexcept {
            waker_->waiting_ = waiting;
            waker_->queue_->push(*waker_);
        }
        void await_resume() const noexcept {}

    private:
        Waker* waker_;
    };
    /// Lets the others have their turn and goes on in the next batch.
    [[nodiscard]] Yield yield() { return Yield(*this); }

private:
    friend class ReadyQueue;
    ReadyQueue* queue_;
    std::coroutine_handle<> waiting_{};
    std::uint32_t mask_{0};
    std::uint32_t pending_{0};
};

inline void ReadyQueue::push(Waker& waker) {
    next_.push_back(waker);
}

inline void ReadyQueue::run() {
    List<Waker> batch;
    batch.take(next_);
    while (Waker* waker = batch.pop_front()) {
        std::exchange(waker->waiting_, {}).resume();
    }
}

}  // namespace cardea::net
