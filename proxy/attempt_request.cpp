#include "proxy/attempt.hpp"

#include <algorithm>

namespace cardea::proxy {
namespace {

constexpr std::size_t request_turn_bytes = std::size_t{256} * 1024;
constexpr std::size_t body_read_bytes = std::size_t{64} * 1024;
constexpr std::size_t body_block_bytes = std::size_t{16} * 1024;  // beside it the largest head of an answer still has its place
constexpr std::size_t least_block_bytes = std::size_t{2} * 1024;
constexpr std::size_t around_chunk_bytes = 64;  // framing, in the same block
constexpr std::size_t beyond_body_bytes = least_block_bytes - around_chunk_bytes;

}  // namespace

/// The head, what an earlier attempt already took of the body, and what is there of the rest, in one system call.
void Attempt::send_head() {
    net::Pieces& pieces = worker_.scratch->pieces;
    pieces.clear();
    taken_ = {};
    http1::Out head(worker_.scratch->head);
    exchange_.write_head(head);
    if (head.overflowed()) {
        return refuse(http::Reason::headers_too_large);
    }
    pieces.add(head.text());
    if (exchange_.attempts > 1) {
        exchange_.body.add_kept(exchange_.replay.bytes(), pieces);
    }
    if (!exchange_.body.done() && !client_.inlet.empty() && !take_body()) {
        return;
    }
    send_pieces();
}

/// Adds payload from the inlet to the pieces; false when the request ends here.
bool Attempt::take_body() {
    net::Pieces& pieces = worker_.scratch->pieces;
    taken_ = exchange_.body.take(client_.inlet, pieces);
    awaits_continue_ = awaits_continue_ && taken_.payload == 0;
    exchange_.payload_received += taken_.payload;
    if (taken_.state == BodyRelay::State::failed) {
        count_limits_of(exchange_.body);
        refuse(exchange_.body.oversized() ? http::Reason::headers_too_large : http::Reason::bad_framing);
        return false;
    }
    if (exchange_.payload_received > client_.listener->client.max_body.count) {
        refuse(http::Reason::body_too_large);
        return false;
    }
    if (exchange_.keeps_body()) {
        exchange_.replay.keep(pieces.all().subspan(taken_.first, taken_.last - taken_.first));
    }
    return true;
}

void Attempt::send_pieces() {
    net::Pieces& pieces = worker_.scratch->pieces;
    const net::Io io = out_.send(up_->stream, pieces);
    if (!exchange_.keeps_body() && taken_.payload > 0) {
        if (io == net::Io::failed && out_.sent() == 0) {  // nobody has seen it: it may still go elsewhere
            exchange_.replay.keep(pieces.all().subspan(taken_.first, taken_.last - taken_.first));
        } else {
            exchange_.replay.give_up();
        }
    }
    if (io != net::Io::failed) {
        upstream_moved_ = worker_.now;
        return;
    }
    if (out_.sent() == 0) {
        if (!reused_) {
            blame(snapshot::Sighting::reset);
        } else {
            worker_.given.control->saw(&endpoint_, snapshot::Sighting::lost_in_use);
        }
        return set_back(upstream::Setback::stale, http::Reason::upstream_reset);
    }
    request_lost_ = true;  // it may have answered early (413, 401): read that before judging
}

/// What is read and the endpoint does not take must be held, and with all else that is held for the exchange stay below the
/// window: the endpoint may answer meanwhile, to a client that does not read. So more is only read when its socket has room.
/// What is behind the body waits in memory for its turn, beside what is held of the answer: little of it is taken.
std::size_t Attempt::body_read_limit() const {
    const std::size_t others = exchange_.head_held() + exchange_.to_client.held() + in_.held();
    const std::size_t block = net::BlockPool::largest_within(net::reader_window - std::min(others, net::reader_window));
    const std::size_t window = std::clamp(block, least_block_bytes, body_block_bytes) - around_chunk_bytes;
    const auto remaining = exchange_.body.remaining();
    if (!remaining) {
        return exchange_.to_client.blocked() ? beyond_body_bytes : window;
    }
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(body_read_bytes, *remaining + beyond_body_bytes));
    return wanted <= window || !up_->stream.writable() ? std::min(wanted, window) : std::clamp(up_->stream.send_room(), window, wanted);
}

void Attempt::pump_request() {
    if (ending_ || request_lost_) {
        return;
    }
    if (out_.blocked()) {
        const std::uint64_t before = out_.sent();
        const net::Io io = out_.flush(up_->stream);
        request_lost_ = io == net::Io::failed;
        if (out_.sent() != before) {
            upstream_moved_ = worker_.now;
        }
    }
    net::Pieces& pieces = worker_.scratch->pieces;
    std::size_t moved = 0;
    while (!ending_ && !request_lost_ && !out_.blocked() && !exchange_.body.done()) {
        if (client_.inlet.empty()) {
            if (!client_.stream.readable()) {
                break;
            }
            if (moved >= request_turn_bytes) {
                more_now_ = true;
                break;
            }
            const net::IoResult got = client_.inlet.fill(client_.stream, body_read_limit());
            if (got.io == net::Io::ended || got.io == net::Io::failed) {
                return finish(Ending::Kind::client_gone, http::Reason::client_closed);
            }
            if (got.io == net::Io::blocked) {
                break;
            }
            worker_.metrics.bytes_received.add(got.bytes);
            exchange_.body_pace.read(got.bytes, worker_.now);
            moved += got.bytes;
        }
        pieces.clear();
        if (take_body()) {
            send_pieces();
        }
    }
    client_.inlet.keep();
}

/// The origin has said neither 100 nor anything else. One that ignores Expect waits for the body, and the client for us.
void Attempt::send_continue() {
    awaits_continue_ = false;
    worker_.metrics.hit(observe::Limit::continue_timeout);
    if (exchange_.to_client.blocked() || exchange_.status != 0) {
        return;
    }
    net::Pieces& pieces = worker_.scratch->pieces;
    pieces.clear();
    pieces.add("HTTP/1.1 100 Continue\r\n\r\n");
    exchange_.interim_sent = true;
    send_to_client();
}

}  // namespace cardea::proxy
