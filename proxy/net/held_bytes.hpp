#pragma once
// Bytes that live as long as their owner and never grow: in itself where they fit, as nearly every head does, else in a
// block. One worker.

#include "proxy/net/block_pool.hpp"

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>

namespace cardea::net {

class HeldBytes {
public:
    explicit HeldBytes(BlockPool& blocks) : blocks_(&blocks) {}
    ~HeldBytes() {
        if (bytes_.data() == room_.data()) {
            blocks_->uncount_elsewhere(room_.size());
        }
    }
    HeldBytes(const HeldBytes&) = delete;
    HeldBytes& operator=(const HeldBytes&) = delete;
    /// Takes a copy. Once.
    void hold(std::string_view bytes) {
        char* room = room_.data();
        if (bytes.size() > room_.size()) {
            block_ = blocks_->take(bytes.size());
            room = block_.data();
        } else {
            blocks_->count_elsewhere(room_.size());
        }
        std::memcpy(room, bytes.data(), bytes.size());
        bytes_ = {room, bytes.size()};
    }
    /// The first `size` bytes of `block` instead of those held in another block.
    void replace(Block block, std::size_t size) {
        block_ = std::move(block);
        bytes_ = {block_.data(), size};
    }
    [[nodiscard]] std::string_view bytes() const { return bytes_; }
    [[nodiscard]] std::size_t memory() const { return block_ ? block_.size() : room_.size(); }  ///< that they take

private:
    BlockPool* blocks_;
    std::string_view bytes_{};
    Block block_{};
    std::array<char, 512> room_;
};

}  // namespace cardea::net
