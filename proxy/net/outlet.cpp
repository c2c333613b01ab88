#include "proxy/net/outlet.hpp"

#include <array>
#include <cstring>
#include <utility>

namespace cardea::net {

Io Outlet::send(Stream& stream, const Pieces& pieces) {
    if (pieces.total() == 0) {
        return Io::done;
    }
    IoResult result;
    if (stream.writable()) {
        result = stream.send(pieces.all(), pieces.total());
    }
    if (result.io == Io::failed) {
        return Io::failed;
    }
    sent_ += result.bytes;
    if (result.bytes < pieces.total()) {
        hold(pieces, result.bytes);
    }
    return Io::done;
}

void Outlet::hold(const Pieces& pieces, std::size_t already_sent) {
    block_ = blocks_->take(pieces.total() - already_sent);
    begin_ = end_ = 0;
    std::size_t skip = already_sent;
    for (const iovec& piece : pieces.all()) {
        if (skip >= piece.iov_len) {
            skip -= piece.iov_len;
            continue;
        }
        const std::size_t rest = piece.iov_len - skip;
        std::memcpy(block_.data() + end_, static_cast<const char*>(piece.iov_base) + skip, rest);
        end_ += rest;
        skip = 0;
    }
}

IoResult Outlet::draw(Stream& from, std::size_t limit, PipePool::Borrowed pipe) {
    const IoResult got = pipe->draw(from, limit);
    if (got.bytes > 0) {
        pipe_ = std::move(pipe);
    }
    return got;
}

Io Outlet::flush(Stream& stream) {
    if (!blocked()) {
        return Io::done;
    }
    if (!stream.writable()) {
        return Io::blocked;
    }
    if (pipe_) {
        const IoResult gone = pipe_->drain(stream);
        sent_ += gone.bytes;
        if (gone.io == Io::done) {
            pipe_.reset();
        }
        return gone.io;
    }
    const std::array<iovec, 1> rest{iovec{block_.data() + begin_, held()}};
    const IoResult result = stream.send(rest, held());
    begin_ += result.bytes;
    sent_ += result.bytes;
    if (!blocked()) {
        clear();
        return Io::done;
    }
    return result.io == Io::failed ? Io::failed : Io::blocked;
}

void Outlet::clear() {
    block_.reset();
    pipe_.reset();
    begin_ = end_ = 0;
}

}  // namespace cardea::net
