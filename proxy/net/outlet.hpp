#pragma once
// Bytes on their way out. What the kernel does not take at once is held in a block, and nothing more is asked for until
// it is gone: that is all the back-pressure there is. One worker.

#include "proxy/net/block_pool.hpp"
#include "proxy/net/scratch.hpp"
#include "proxy/net/splice_pipe.hpp"
#include "proxy/net/stream.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cardea::net {

class Outlet {
public:
    explicit Outlet(BlockPool& blocks) : blocks_(&blocks) {}

    /// Sends the pieces (one system call), holds what the kernel did not take. Requires: !blocked().
    /// `done` also when bytes had to be held; `failed` when the connection is lost.
    /// Of the last piece `lent` bytes are not copied to be held: they must live until they are sent.
    Io send(Stream& stream, const Pieces& pieces, std::size_t lent = 0);
    /// Takes at most `limit` bytes of another stream into the pipe, to be flushed. Requires: !blocked(), a pipe.
    IoResult draw(Stream& from, std::size_t limit, PipePool::Borrowed pipe);
    /// Tries to send what is held. `done`: nothing is held any more.
    Io flush(Stream& stream);
    [[nodiscard]] bool blocked() const { return begin_ != end_ || pipe_ != nullptr; }
    [[nodiscard]] std::size_t held() const { return block_.size(); }  ///< memory of its own
    [[nodiscard]] std::uint64_t sent() const { return sent_; }        ///< bytes the kernel has taken so far
    void clear();

private:
    void hold(const Pieces& pieces, std::size_t already_sent, std::size_t lent);
    BlockPool* blocks_;
    Block block_;
    PipePool::Borrowed pipe_{};      ///< only while bytes are in it
    std::size_t begin_{0}, end_{0};  ///< in the block, and behind its bytes in those lent
    std::string_view lent_{};        ///< not sent yet
    std::uint64_t sent_{0};
};

}  // namespace cardea::net
