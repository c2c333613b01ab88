#include "proxy/relay.hpp"

#include <algorithm>
#include <cstring>

namespace cardea::proxy {
namespace {

constexpr std::size_t end_pieces = 4;        // what add_end() may add
constexpr std::size_t moved_together = 512;  // a shorter chunk is moved up to the one before it instead of costing a piece

}  // namespace

BodyRelay::Taken BodyRelay::take(net::Inlet& from, net::Pieces& to) {
    Taken taken;
    const bool chunked = out_ == http::Framing::Kind::chunked;
    const std::size_t header = chunked ? to.reserve() : 0;
    const std::span<char> input = from.writable_bytes();
    std::size_t used = 0;
    char* payload_end = nullptr;
    taken.first = to.count();
    taken.state = reader_.done() ? State::done : State::more;
    while (used < input.size() && taken.state == State::more && to.room() > end_pieces) {
        const http1::BodyReader::Step step = reader_.read({input.data() + used, input.size() - used});
        taken.state = step.state;
        if (!step.data.empty()) {
            char* data = input.data() + (step.data.data() - input.data());
            if (payload_end != nullptr && (step.data.size() < moved_together || to.room() <= end_pieces + 1)) {
                std::memmove(payload_end, data, step.data.size());
                to.extend_last(step.data.size());
            } else {
                to.add(step.data);
                payload_end = data;
            }
            payload_end += step.data.size();
            taken.payload += step.data.size();
        }
        used += step.consumed;
    }
    from.consume(used);
    taken.last = to.count();
    if (chunked && taken.payload > 0) {
        to.place(header, http1::chunk_header(taken.payload, chunk_room_));
    }
    if (chunked && (taken.payload > 0 || taken.state == State::done)) {
        add_end(to, taken.payload > 0);
    }
    return taken;
}

/// What follows a piece of payload: the end of its chunk and, when the body is complete, of the body.
void BodyRelay::add_end(net::Pieces& to, bool after_payload) const {
    if (!reader_.done()) {
        to.add(http1::chunk_end);
        return;
    }
    constexpr std::string_view both = "\r\n0\r\n\r\n";
    const std::string_view trailers = trailers_ ? reader_.trailers() : std::string_view{};
    if (trailers.empty()) {
        to.add(after_payload ? both : http1::last_chunk);
        return;
    }
    to.add(after_payload ? both.substr(0, 5) : http1::last_chunk.substr(0, 3));
    to.add(trailers);
    to.add(http1::chunk_end);
}

BodyRelay::State BodyRelay::on_eof(net::Pieces& to) {
    const State state = reader_.on_eof();
    if (state == State::done && out_ == http::Framing::Kind::chunked) {
        add_end(to, false);
    }
    return state;
}

void BodyRelay::add_kept(std::string_view payload, net::Pieces& to) {
    const bool chunked = out_ == http::Framing::Kind::chunked;
    if (chunked && !payload.empty()) {
        to.add(http1::chunk_header(payload.size(), kept_room_));
    }
    to.add(payload);
    if (chunked && (!payload.empty() || reader_.done())) {
        add_end(to, !payload.empty());
    }
}

void Replay::keep(std::span<const iovec> payload) {
    std::size_t added = 0;
    for (const iovec& piece : payload) {
        added += piece.iov_len;
    }
    if (!whole_ || added == 0) {
        return;
    }
    if (size_ + added > limit_) {
        give_up();
        return;
    }
    if (block_.size() < size_ + added) {
        net::Block larger = blocks_->take(std::min(limit_, std::max(size_ + added, 2 * block_.size())));
        std::copy_n(block_.data(), size_, larger.data());
        block_ = std::move(larger);
    }
    for (const iovec& piece : payload) {
        std::memcpy(block_.data() + size_, piece.iov_base, piece.iov_len);
        size_ += piece.iov_len;
    }
}

void Replay::give_up() {
    whole_ = false;
    block_.reset();
    size_ = 0;
}

}  // namespace cardea::proxy
