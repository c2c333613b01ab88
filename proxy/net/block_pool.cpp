#include "proxy/net/block_pool.hpp"

#include <algorithm>

namespace cardea::net {

void Block::give_back() {
    std::exchange(pool_, nullptr)->give_back(std::move(data_), std::exchange(size_, 0));
}

Block BlockPool::take(std::size_t bytes) {
    Block block;
    block.pool_ = this;
    const auto* fitting = std::lower_bound(sizes.begin(), sizes.end(), bytes);
    if (fitting == sizes.end()) {
        block.data_ = std::make_unique_for_overwrite<char[]>(bytes);
        block.size_ = bytes;
    } else {
        auto& free = free_[static_cast<std::size_t>(fitting - sizes.begin())];
        if (free.empty()) {
            block.data_ = std::make_unique_for_overwrite<char[]>(*fitting);
        } else {
            block.data_ = std::move(free.back());
            free.pop_back();
        }
        block.size_ = *fitting;
    }
    bytes_out_ += block.size_;
    return block;
}

void BlockPool::give_back(std::unique_ptr<char[]> data, std::size_t size) {
    bytes_out_ -= size;
    const auto* exact = std::lower_bound(sizes.begin(), sizes.end(), size);
    if (exact == sizes.end() || *exact != size) {
        return;
    }
    auto& free = free_[static_cast<std::size_t>(exact - sizes.begin())];
    if ((free.size() + 1) * size <= kept_bytes) {
        free.push_back(std::move(data));
    }
}

}  // namespace cardea::net
