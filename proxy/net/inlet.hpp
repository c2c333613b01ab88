#pragma once
// Bytes received and not yet used. They are received into the worker's scratch; only what is left when its owner must
// wait moves into a block, which goes back as soon as it is used up. One worker.

#include "proxy/net/block_pool.hpp"
#include "proxy/net/scratch.hpp"
#include "proxy/net/stream.hpp"

#include <cstddef>
#include <span>
#include <string_view>

namespace cardea::net {

class Inlet {
public:
    /// What the inlets of a worker have in common.
    struct Buffers {
        BlockPool& blocks;
        Scratch& scratch;
    };
    explicit Inlet(const Buffers& buffers) : buffers_(&buffers) {}

    [[nodiscard]] std::string_view bytes() const { return {begin_, static_cast<std::size_t>(end_ - begin_)}; }
    [[nodiscard]] std::span<char> writable_bytes() { return {begin_, static_cast<std::size_t>(end_ - begin_)}; }
    [[nodiscard]] bool empty() const { return begin_ == end_; }
    void consume(std::size_t count) { begin_ += count; }
    [[nodiscard]] std::size_t held() const { return block_.size(); }  ///< memory of its own
    /// Receives at most `limit` more bytes behind those not yet used (one system call). Views from before are void.
    IoResult fill(Stream& stream, std::size_t limit);
    /// Before a wait, and before another inlet is filled: the scratch belongs to others then.
    void keep() {
        if (empty()) {
            clear();
        } else {
            keep_rest();
        }
    }
    void clear() {
        block_.reset();
        begin_ = end_ = nullptr;
    }

private:
    void keep_rest();
    void hold(std::size_t room);
    void move_to(Block block);
    const Buffers* buffers_;
    Block block_;
    char* begin_{nullptr};
    char* end_{nullptr};
};

}  // namespace cardea::net
