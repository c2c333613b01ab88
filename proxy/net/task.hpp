#pragma once
// A small lazy coroutine: starts when awaited (or by start()), resumes its awaiter by symmetric transfer, frames pooled.
// Symmetric transfer is a tail call only where the compiler optimises (-O2): a chain of awaits that never waits for an event
// must be short (a connection yields every few requests). One owner, awaited at most once; destroying a Task destroys the
// frame and everything it awaits. One worker.
// g++ 12: write `co_await E;`, `T x = co_await E;` or `co_return co_await E;` with no brace, bracket or `?` in E.

#include "proxy/net/frame_pool.hpp"

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

namespace cardea::net {

template <typename T>
class Task;

struct TaskPromiseBase {
    std::coroutine_handle<> awaiter{};
    std::exception_ptr thrown{};

    static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
    static void operator delete(void* frame, std::size_t bytes) noexcept { free_frame(frame, bytes); }

    struct Final {
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        template <typename Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
            const std::coroutine_handle<> next = ended.promise().awaiter;
            return next ? next : std::noop_coroutine();
        }
        void await_resume() const noexcept {}
    };
    [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
    [[nodiscard]] Final final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { thrown = std::current_exception(); }
    void rethrow() const {
        if (thrown) [[unlikely]] {
            std::rethrow_exception(thrown);
        }
    }
};

template <typename T>
struct TaskPromise : TaskPromiseBase {
    std::optional<T> value{};
    Task<T> get_return_object();
    void return_value(T result) { value.emplace(std::move(result)); }
    T take() {
        rethrow();
        return std::move(*value);  // NOLINT(bugprone-unchecked-optional-access): it has ended, by return_value or by what was rethrown
    }
};

template <>
struct TaskPromise<void> : TaskPromiseBase {
    Task<void> get_return_object();
    void return_void() const noexcept {}
    void take() const { rethrow(); }
};

template <typename T>
class [[nodiscard]] Task {
public:
    using promise_type = TaskPromise<T>;
    Task() = default;
    explicit Task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
    Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
    Task& operator=(Task&& other) noexcept {
        if (this != &other) {
            reset();
            frame_ = std::exchange(other.frame_, {});
        }
        return *this;
    }
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;
    ~Task() { reset(); }

    /// Runs a task that nobody awaits up to its first wait.
    void start() { frame_.resume(); }
    [[nodiscard]] bool done() const { return !frame_ || frame_.done(); }
    void reset() {
        if (frame_) {
            std::exchange(frame_, {}).destroy();
        }
    }

    struct Await {
        std::coroutine_handle<promise_type> frame;
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) const noexcept {
            frame.promise().awaiter = awaiter;
            return frame;
        }
        T await_resume() const { return frame.promise().take(); }
    };
    Await operator co_await() const noexcept { return Await{frame_}; }

private:
    std::coroutine_handle<promise_type> frame_{};
};

template <typename T>
Task<T> TaskPromise<T>::get_return_object() {
    return Task<T>(std::coroutine_handle<TaskPromise<T>>::from_promise(*this));
}
inline Task<void> TaskPromise<void>::get_return_object() {
    return Task<void>(std::coroutine_handle<TaskPromise<void>>::from_promise(*this));
}

}  // namespace cardea::net
