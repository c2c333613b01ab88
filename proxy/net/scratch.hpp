#pragma once
// Memory that every exchange of a worker uses in turn, valid between two waits only: bytes just received, a head just
// written, the pieces of one sendmsg. Shared by all of them it stays in the processor's cache. One worker.

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace cardea::net {

/// What one sendmsg will send, in order. The memory behind the pieces must live until it was sent or held.
class Pieces {
public:
    static constexpr std::size_t capacity = 64;
    void clear() { count_ = total_ = 0; }
    /// Requires: room().
    void add(std::string_view piece) {
        if (!piece.empty()) {
            pieces_[count_++] = iovec{const_cast<char*>(piece.data()), piece.size()};  // iovec is not const-correct
            total_ += piece.size();
        }
    }
    [[nodiscard]] std::size_t room() const { return capacity - count_; }
    [[nodiscard]] std::size_t count() const { return count_; }
    [[nodiscard]] std::size_t total() const { return total_; }
    [[nodiscard]] std::span<const iovec> all() const { return {pieces_.data(), count_}; }
    /// Keeps a place for a piece that is only known when those after it are; place() fills it.
    [[nodiscard]] std::size_t reserve() {
        pieces_[count_] = iovec{nullptr, 0};
        return count_++;
    }
    void place(std::size_t index, std::string_view piece) {
        pieces_[index] = iovec{const_cast<char*>(piece.data()), piece.size()};
        total_ += piece.size();
    }
    /// The last piece got longer in place.
    void extend_last(std::size_t bytes) {
        pieces_[count_ - 1].iov_len += bytes;
        total_ += bytes;
    }

private:
    std::array<iovec, capacity> pieces_;
    std::size_t count_{0};
    std::size_t total_{0};
};

struct Scratch {
    static constexpr std::size_t input_bytes = std::size_t{256} * 1024;
    static constexpr std::size_t head_bytes = std::size_t{160} * 1024;
    std::array<char, input_bytes> input;
    std::array<char, head_bytes> head;
    Pieces pieces;
};

}  // namespace cardea::net
