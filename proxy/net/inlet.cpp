#include "proxy/net/inlet.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace cardea::net {

namespace {

constexpr std::size_t worth_shrinking = std::size_t{16} * 1024;

}  // namespace

/// Puts the unused bytes at the front of a block that has `room` more bytes behind them.
void Inlet::hold(std::size_t room) {
    const std::size_t count = bytes().size();
    if (block_ && block_.size() >= count + room) {
        std::memmove(block_.data(), begin_, count);
        begin_ = block_.data();
        end_ = begin_ + count;
    } else {
        move_to(buffers_->blocks.take(std::max(count + room, 2 * block_.size())));
    }
}

void Inlet::move_to(Block block) {
    const std::size_t count = bytes().size();
    std::memcpy(block.data(), begin_, count);
    block_ = std::move(block);
    begin_ = block_.data();
    end_ = begin_ + count;
}

IoResult Inlet::fill(Stream& stream, std::size_t limit) {
    if (empty()) {
        clear();
        const std::size_t room = std::min(limit, buffers_->scratch.input.size());
        const IoResult got = stream.receive(std::span<char>(buffers_->scratch.input).first(room));
        begin_ = buffers_->scratch.input.data();
        end_ = begin_ + got.bytes;
        return got;
    }
    constexpr std::size_t worth_a_call = 1024;
    const bool in_block = block_ && begin_ >= block_.data() && end_ <= block_.data() + block_.size();
    if (!in_block || static_cast<std::size_t>(block_.data() + block_.size() - end_) < std::min(limit, worth_a_call)) {
        hold(std::min(limit, worth_a_call));
    }
    const auto room = static_cast<std::size_t>(block_.data() + block_.size() - end_);
    const IoResult got = stream.receive({end_, std::min(room, limit)});
    end_ += got.bytes;
    return got;
}

void Inlet::keep_rest() {
    if (!block_) {
        hold(0);
    } else if (block_.size() >= worth_shrinking && begin_ != block_.data() && BlockPool::size_for(bytes().size()) < block_.size()) {
        move_to(buffers_->blocks.take(bytes().size()));  // of a large head that is gone, a little is left behind it
    }
}

}  // namespace cardea::net
