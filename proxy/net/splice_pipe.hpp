#pragma once
// Pipes through which the body of a large answer goes from one socket to the other without coming into the process
// (splice(2)): the kernel hands its pages on, nothing is copied. One is borrowed while bytes are in it and no longer, so a few
// serve many connections; when there is none, bytes are copied as for everything smaller. One worker.

#include "proxy/net/stream.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace cardea::net {

class Pipe {
public:
    Pipe(Descriptor out, Descriptor in) : out_(std::move(out)), in_(std::move(in)) {}
    /// Takes at most `limit` bytes of the stream. Requires: empty().
    IoResult draw(Stream& from, std::size_t limit);
    /// Gives the stream what it takes. `done`: nothing is left in the pipe.
    IoResult drain(Stream& to);
    [[nodiscard]] bool empty() const { return held_ == 0; }

private:
    Descriptor out_, in_;
    std::size_t held_{0};
};

class PipePool {
public:
    static constexpr std::size_t pipe_bytes = std::size_t{256} * 1024;  ///< what one holds, where the kernel allows it

    /// For the process: pipes there are, and may be.
    struct Count {
        std::atomic<std::uint32_t> made{0}, most{0};
    };
    explicit PipePool(Count& count) : count_(&count) {}
    PipePool(const PipePool&) = delete;
    PipePool& operator=(const PipePool&) = delete;
    ~PipePool();

    /// Gives back what is empty; what is not has nowhere to go any more and is closed.
    struct Return {
        PipePool* pool{nullptr};
        void operator()(Pipe* pipe) const;
    };
    using Borrowed = std::unique_ptr<Pipe, Return>;
    /// Null when there are as many as may be, or no descriptors.
    [[nodiscard]] Borrowed borrow();
    [[nodiscard]] bool allowed() const { return count_->most.load(std::memory_order_relaxed) != 0; }

private:
    void give_back(std::unique_ptr<Pipe> pipe);
    static constexpr std::size_t kept = 4;
    Count* count_;
    std::vector<std::unique_ptr<Pipe>> idle_{};
};

}  // namespace cardea::net
