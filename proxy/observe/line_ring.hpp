#pragma once
// A bounded queue of whole lines from one writing thread to one reading thread, without locks: the worker's 256 KiB of
// access log. A line that does not fit is refused, never cut.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <string_view>

namespace cardea::observe {

class LineRing {
public:
    static constexpr std::size_t capacity = std::size_t{256} * 1024;

    LineRing() : bytes_(std::make_unique<char[]>(capacity)) {}

    /// Writing thread. False when there is no room for the whole line.
    [[nodiscard]] bool put(std::string_view line) {
        const auto head = head_.load(std::memory_order_relaxed);
        if (line.size() > capacity - (head - tail_.load(std::memory_order_acquire))) {
            return false;
        }
        const std::size_t at = head % capacity;
        const std::size_t first = std::min(line.size(), capacity - at);
        line.copy(bytes_.get() + at, first);
        line.substr(first).copy(bytes_.get(), line.size() - first);
        head_.store(head + line.size(), std::memory_order_release);
        return true;
    }
    /// Writing thread: bytes the reader has not taken, at most.
    [[nodiscard]] std::size_t waiting() const { return head_.load(std::memory_order_relaxed) - tail_.load(std::memory_order_relaxed); }

    /// Reading thread: what is there, in up to two pieces; stays valid until take().
    [[nodiscard]] std::array<std::string_view, 2> readable() const {
        const auto tail = tail_.load(std::memory_order_relaxed);
        const std::size_t size = head_.load(std::memory_order_acquire) - tail;
        const std::size_t at = tail % capacity;
        const std::size_t first = std::min(size, capacity - at);
        return {std::string_view(bytes_.get() + at, first), std::string_view(bytes_.get(), size - first)};
    }
    void take(std::size_t size) { tail_.store(tail_.load(std::memory_order_relaxed) + size, std::memory_order_release); }

private:
    alignas(64) std::atomic<std::size_t> head_{0};  // bytes ever written
    std::unique_ptr<char[]> bytes_;
    alignas(64) std::atomic<std::size_t> tail_{0};  // bytes ever taken
};

}  // namespace cardea::observe
