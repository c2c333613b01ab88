#include "proxy/net/outlet.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <utility>

namespace cardea::net {

Io Outlet::send(Stream& stream, const Pieces& pieces, std::size_t lent) {
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
        hold(pieces, result.bytes, lent);
    }
    return Io::done;
}

void Outlet::hold(const Pieces& pieces, std::size_t already_sent, std::size_t lent) {
    begin_ = 0;
    end_ = pieces.total() - already_sent;
    if (lent > 0) {
        const iovec& last = pieces.all().back();
        const std::size_t rest = std::min(lent, end_);
        lent_ = {static_cast<const char*>(last.iov_base) + last.iov_len - rest, rest};
    }
    const std::size_t own = end_ - lent_.size();
    if (own == 0) {
        return;
    }
    block_ = blocks_->take(own);
    std::size_t skip = already_sent;
    std::size_t copied = 0;
    for (const iovec& piece : pieces.all()) {
        if (skip >= piece.iov_len) {
            skip -= piece.iov_len;
            continue;
        }
        const std::size_t count = std::min(piece.iov_len - skip, own - copied);
        std::memcpy(block_.data() + copied, static_cast<const char*>(piece.iov_base) + skip, count);
        copied += count;
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
    const std::size_t own = end_ - begin_ - lent_.size();
    const std::array<iovec, 2> rest{iovec{block_.data() + begin_, own}, iovec{const_cast<char*>(lent_.data()), lent_.size()}};
    const IoResult result = stream.send(std::span(rest).subspan(own == 0 ? 1 : 0), end_ - begin_);
    begin_ += result.bytes;
    lent_.remove_prefix(result.bytes - std::min(result.bytes, own));
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
    lent_ = {};
    begin_ = end_ = 0;
}

}  // namespace cardea::net
