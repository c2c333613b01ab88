#pragma once
// Buffers for bytes that cannot be passed on at once: taken only while they are needed, kept in free lists by size.
// An idle connection owns none. Bounded: a free list keeps at most 4 MiB; what is out is counted. One worker.

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace cardea::net {

class BlockPool;

/// All memory that one client may hold by not taking what is sent to it, bookkeeping aside.
inline constexpr std::size_t reader_window = std::size_t{60} * 1024;

/// One buffer, given back when it dies. Empty when default-made.
class Block {
public:
    Block() = default;
    Block(Block&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}
    Block& operator=(Block&& other) noexcept {
        if (this != &other) {
            reset();
            pool_ = std::exchange(other.pool_, nullptr);
            data_ = std::move(other.data_);
            size_ = std::exchange(other.size_, 0);
        }
        return *this;
    }
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;
    ~Block() { reset(); }
    void reset() {
        if (pool_ != nullptr) {
            give_back();
        }
    }
    explicit operator bool() const { return size_ != 0; }
    [[nodiscard]] char* data() const { return data_.get(); }
    [[nodiscard]] std::size_t size() const { return size_; }

private:
    friend class BlockPool;
    void give_back();
    BlockPool* pool_{nullptr};
    std::unique_ptr<char[]> data_;
    std::size_t size_{0};
};

class BlockPool {
public:
    BlockPool() = default;
    BlockPool(const BlockPool&) = delete;
    BlockPool& operator=(const BlockPool&) = delete;
    /// At least `bytes`; larger than the largest class comes from the heap and goes back there.
    [[nodiscard]] Block take(std::size_t bytes);
    /// The largest block that is no larger than `bytes`, 0 when there is none: what is held takes a whole block.
    [[nodiscard]] static std::size_t largest_within(std::size_t bytes) {
        const auto* const above = std::upper_bound(sizes.begin(), sizes.end(), bytes);
        return above == sizes.begin() ? 0 : *(above - 1);
    }
    /// What take() gives for so many.
    [[nodiscard]] static std::size_t size_for(std::size_t bytes) {
        const auto* const fitting = std::lower_bound(sizes.begin(), sizes.end(), bytes);
        return fitting == sizes.end() ? bytes : *fitting;
    }
    [[nodiscard]] std::size_t bytes_out() const { return bytes_out_; }
    /// Bytes of a message that are held in other memory, and count as if they were in a block.
    void count_elsewhere(std::size_t bytes) { bytes_out_ += bytes; }
    void uncount_elsewhere(std::size_t bytes) { bytes_out_ -= bytes; }

private:
    friend class Block;
    /// So many steps below 64 KiB, because that is what a slow reader may cost. 36 KiB is the largest head with what is added to
    /// it and behind it; the last two: 64 and 256 KiB with head and framing.
    static constexpr std::array<std::size_t, 10> sizes{512, 2048, 8192, 16384, 32768, 36864, 49152, 61440, 68608, 270336};
    static constexpr std::size_t kept_bytes = 4U << 20U;
    void give_back(std::unique_ptr<char[]> data, std::size_t size);
    std::array<std::vector<std::unique_ptr<char[]>>, sizes.size()> free_{};
    std::size_t bytes_out_{0};
};

}  // namespace cardea::net
