#pragma once
// What the whole process counts of one service, whichever of its policies an exchange began under: requests that wait for an
// answer, and what went wrong at its endpoints. Any thread.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace cardea::upstream {

class Counts {
public:
    /// What an endpoint did to a request.
    enum class Error : std::uint8_t { connect_refused, connect_failed, reset, timeout, stalled, bad_status, malformed, count_ };

    explicit Counts(std::size_t workers) : workers_(workers), seats_(std::make_unique<Seat[]>(workers)) {}

    /// A request that begins to wait, unless `limit` (0: none) do so already. Each worker writes a number of its own with plain
    /// load and store; the sum is only made by one that has its share of the limit, so the limit is exact but for what happens
    /// meanwhile.
    [[nodiscard]] bool enter(std::size_t worker, std::uint32_t limit) {
        auto& mine = seats_[worker].pending;
        const std::uint32_t now = mine.load(std::memory_order_relaxed);
        if (limit != 0 && (std::uint64_t{now} + 1) * workers_ > limit && pending() >= limit) {
            return false;
        }
        mine.store(now + 1, std::memory_order_relaxed);
        return true;
    }
    void leave(std::size_t worker) {
        auto& mine = seats_[worker].pending;
        mine.store(mine.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t pending() const {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < workers_; ++i) {
            sum += seats_[i].pending.load(std::memory_order_relaxed);
        }
        return sum;
    }

    void failed(Error how) { errors_[static_cast<std::size_t>(how)].fetch_add(1, std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t errors(Error how) const { return errors_[static_cast<std::size_t>(how)].load(std::memory_order_relaxed); }

private:
    struct alignas(64) Seat {
        std::atomic<std::uint32_t> pending{0};
    };
    std::size_t workers_;
    std::unique_ptr<Seat[]> seats_;
    std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Error::count_)> errors_{};
};

}  // namespace cardea::upstream
