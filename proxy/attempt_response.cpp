#include "proxy/attempt.hpp"

#include "config/units.hpp"
#include "proxy/http/hop_by_hop.hpp"
#include "proxy/http1/parser.hpp"

#include <algorithm>

namespace cardea::proxy {
namespace {

constexpr std::size_t first_read_bytes = std::size_t{66} * 1024;  // a body of 64 KiB and its head in one read
constexpr std::size_t slow_block_bytes = std::size_t{32} * 1024;
constexpr std::size_t around_body_bytes = 512;  // head and framing, in the same block
constexpr std::size_t least_read_bytes = std::size_t{4} * 1024;
constexpr std::size_t head_step_bytes = std::size_t{2} * 1024;  // of a head that did not come at once, or behind an interim one
constexpr std::size_t most_read_bytes = net::Scratch::input_bytes;
constexpr std::uint64_t worth_a_pipe = std::uint64_t{256} * 1024;  // below, copying costs less than the calls it saves
constexpr std::size_t response_turn_bytes = std::size_t{256} * 1024;

std::uint32_t promised_keep_alive_ms(std::string_view seconds) {
    if (seconds.empty()) {
        return 0;
    }
    const auto value = config::parse_unsigned(seconds, 86'400);
    return value ? static_cast<std::uint32_t>(*value) * 1000 : 0;
}

/// Server-sent events: silence between two of them is no fault, so the stream may idle as long as a tunnel.
bool is_event_stream(const http::ResponseHead& response) {
    constexpr std::string_view type = "text/event-stream";
    if (response.framing.kind != http::Framing::Kind::chunked && response.framing.kind != http::Framing::Kind::until_close) {
        return false;
    }
    return std::ranges::any_of(response.fields.all(), [&](const http::Field& field) {
        return http::equals_lower(field.name, "content-type") && http::equals_lower(field.value.substr(0, type.size()), type);
    });
}

}  // namespace

/// What is read and the client does not take must be held, and with all else that is held for it stay below its window. So
/// more than what fits in there is only read when its socket has room: a third of its buffer is free when it is writable.
std::size_t Attempt::read_limit() {
    if (stage_ == Stage::head && (!in_.empty() || exchange_.interim_sent)) {
        return head_step_bytes;  // a head is held whole: little of what is behind it may be, too
    }
    const std::size_t others = exchange_.head_held() + client_.inlet.held() + out_.held();
    const std::size_t block = net::BlockPool::largest_within(net::reader_window - std::min(others, net::reader_window));
    const std::size_t window = std::clamp(block, least_read_bytes + around_body_bytes, slow_block_bytes) - around_body_bytes;
    if (!client_.stream.writable()) {
        return window;
    }
    if (response_bytes_ < first_read_bytes) {
        const bool little_held = others <= least_read_bytes;  // else the two together may be more than the window
        const bool room_is_known = client_.room_is_known() && !exchange_.interim_sent && little_held;
        const std::uint64_t room = room_is_known ? first_read_bytes - response_bytes_ : 0;
        return room > others + window ? static_cast<std::size_t>(room) - others : window;
    }
    return std::clamp(client_.stream.send_room(), window, client_was_slow_ ? first_read_bytes : most_read_bytes);
}

void Attempt::pump_response() {
    if (ending_) {
        return;
    }
    if (exchange_.to_client.blocked()) {
        const std::uint64_t before = exchange_.to_client.sent();
        if (exchange_.to_client.flush(client_.stream) == net::Io::failed) {
            return finish(Ending::Kind::client_gone, http::Reason::client_closed);
        }
        if (exchange_.to_client.sent() != before) {
            upstream_moved_ = worker_.now;
        }
    }
    std::size_t moved = 0;
    bool need_more = in_.empty() || stage_ == Stage::head;
    while (!ending_ && !exchange_.to_client.blocked()) {
        if (need_more) {
            if (!up_->stream.readable()) {
                break;
            }
            if (moved >= response_turn_bytes) {
                more_now_ = true;
                break;
            }
            net::PipePool::Borrowed pipe = splices_ ? borrow_pipe() : net::PipePool::Borrowed{};
            const bool passes = pipe != nullptr;
            const net::IoResult got =
                passes ? exchange_.to_client.draw(up_->stream, splice_limit(), std::move(pipe)) : in_.fill(up_->stream, read_limit());
            if (got.io == net::Io::blocked) {
                break;
            }
            if (got.io != net::Io::done) {
                on_upstream_end(got.io);
                break;
            }
            moved += got.bytes;
            response_bytes_ += got.bytes;
            heard_from_endpoint();
            if (passes) {
                passed_by(got.bytes);
                continue;
            }
        }
        if (stage_ == Stage::head) {
            need_more = !read_head();
        } else {
            worker_.scratch->pieces.clear();  // another exchange's, since the last wait
            relay_body();
            need_more = in_.empty();
        }
    }
    in_.keep();
}

/// As much as a pipe holds; from a slow client's as little as would be held for it otherwise.
std::size_t Attempt::splice_limit() const {
    const std::size_t most = client_was_slow_ ? net::reader_window : net::PipePool::pipe_bytes;
    return static_cast<std::size_t>(std::min<std::uint64_t>(most, response_body_.remaining().value_or(0)));
}

net::PipePool::Borrowed Attempt::borrow_pipe() {
    net::PipePool::Borrowed pipe = worker_.pipes.borrow();
    if (!pipe) {
        splices_ = false;
        worker_.metrics.hit(observe::Limit::max_pipes);
    }
    return pipe;
}

/// Payload is in the pipe, on its way to the client.
void Attempt::passed_by(std::size_t bytes) {
    response_body_.pass(bytes);
    exchange_.payload_sent += bytes;
    upstream_moved_ = worker_.now;
    if (exchange_.to_client.flush(client_.stream) == net::Io::failed) {
        return finish(Ending::Kind::client_gone, http::Reason::client_closed);
    }
    look_at_client();
    if (response_body_.done()) {
        on_complete();
    }
}

void Attempt::refuse_malformed() {
    blame(snapshot::Sighting::malformed);
    refuse(http::Reason::upstream_malformed);
}

/// False when more bytes are needed first.
bool Attempt::read_head() {
    const http::Method method = exchange_.facts.method;
    const config::ResponseLimits& limits = service_.response;
    const std::size_t plain =
        scanned_ == 0 ? http1::parse_plain_response(in_.bytes(), method, limits.max_header_count, worker_.response) : 0;
    const std::size_t size = plain != 0 ? plain : http1::find_head_end(in_.bytes(), scanned_);
    if ((size == 0 ? in_.bytes().size() : size) > limits.max_headers.count) {
        worker_.metrics.hit(observe::Limit::response_max_headers);
        refuse_malformed();
        return true;
    }
    if (size == 0) {
        return false;
    }
    const http::Reason reason = plain != 0
                                    ? http::Reason::none
                                    : http1::parse_response(in_.bytes().substr(0, size), method, limits.max_header_count, worker_.response);
    if (reason != http::Reason::none && worker_.response.fields.size() >= limits.max_header_count) {
        worker_.metrics.hit(observe::Limit::response_max_header_count);
    }
    const http::ResponseHead& head = worker_.response;
    const auto switches_unasked = [&] {
        const Exchange::Facts& asked = exchange_.facts;
        return head.status == 101 && !(asked.upgrade && http::upgrades_as_offered(head.fields, asked.upgrade_protocol));
    };
    if (reason != http::Reason::none || switches_unasked()) {
        refuse_malformed();
        return true;
    }
    scanned_ = 0;
    worker_.scratch->pieces.clear();
    if (worker_.response.status < 200) {
        on_interim(size);
    } else {
        begin_response(size);
    }
    return !in_.empty();
}

void Attempt::on_interim(std::size_t head_size) {
    const bool switching = worker_.response.status == 101;
    if (++interim_count_ > service_.response.max_interim) {
        worker_.metrics.hit(observe::Limit::response_max_interim);
        return refuse_malformed();
    }
    awaits_continue_ = awaits_continue_ && worker_.response.status != 100;
    upstream_moved_ = worker_.now;
    if (exchange_.facts.version == http::Version::http11) {
        http1::Out out(worker_.scratch->head);
        const http1::ResponseContext context{.client_version = exchange_.facts.version, .method = exchange_.facts.method};
        http1::write_response(worker_.response, exchange_.route->route.response_headers, context, out);
        worker_.scratch->pieces.add(out.text());
        exchange_.interim_sent = true;
    }
    in_.consume(head_size);
    if (switching) {
        exchange_.answered();
        exchange_.status = 101;
        exchange_.said_close = true;
        tunnels_ = true;
    }
    send_to_client();
    if (switching) {
        finish(Ending::Kind::complete);
    }
}

/// A final head: throws the answer away for a retry, or hands it on with what is there of its body in one system call.
void Attempt::begin_response(std::size_t head_size) {
    const http::ResponseHead& response = worker_.response;
    exchange_.answered();
    worker_.metrics.upstream_first_byte.observe(worker_.now - began_);
    const auto& failing = service_.health.passive.statuses;
    const bool bad = std::find(failing.begin(), failing.end(), response.status) != failing.end();
    if (bad) {
        blame(snapshot::Sighting::bad_status);
    }
    if (upstream::retried_status(service_.retry, response.status) &&
        exchange_.decide(upstream::Setback::status, true) != upstream::Decision::give_up &&
        exchange_.policy->budget.take(service_.retry, worker_.given.index, worker_.now)) {
        return set_back(upstream::Setback::status, http::Reason::no_endpoint);
    }
    if (!bad && endpoint_.consecutive_failures.load(std::memory_order_relaxed) != 0) {
        endpoint_.consecutive_failures.store(0, std::memory_order_relaxed);
    }
    const http1::ResponseContext context{
        .client_version = exchange_.facts.version,
        .method = exchange_.facts.method,
        .close = exchange_.last_answer() || !exchange_.body.done() || request_lost_,
        .via = worker_.snapshot->headers->via,
        .date = worker_.date.text(),
    };
    const http::Framing outgoing = http1::downstream_framing(response, context);
    http1::Out out(worker_.scratch->head);
    http1::write_response(response, exchange_.route->route.response_headers, context, out);
    if (out.overflowed()) {
        return refuse(http::Reason::upstream_malformed);
    }
    exchange_.replay.give_up();
    exchange_.status = response.status;
    exchange_.cut_needs_reset = outgoing.kind == http::Framing::Kind::until_close;
    exchange_.said_close = context.close || exchange_.cut_needs_reset;
    upstream_reusable_ = response.keep_alive;
    response_idle_ = is_event_stream(response) ? service_.timeouts.tunnel_idle : service_.timeouts.idle;
    up_->origin_keep_alive_ms = promised_keep_alive_ms(response.keep_alive_timeout);
    response_body_ = BodyRelay(response.framing, outgoing.kind, !response.connection_names_fields, service_.response.chunked);
    in_.consume(head_size);
    splices_ =
        outgoing.kind == http::Framing::Kind::length && response_body_.remaining().value_or(0) > worth_a_pipe && worker_.pipes.allowed();
    stage_ = Stage::body;
    awaits_continue_ = false;
    worker_.scratch->pieces.add(out.text());
    relay_body();
}

/// Sends what the inlet has of the body, behind the head when that still stands in the pieces.
void Attempt::relay_body() {
    net::Pieces& pieces = worker_.scratch->pieces;
    const bool nothing_sent = pieces.count() > 0;
    if (stage_ == Stage::body && response_body_.done()) {
        send_to_client();
        return on_complete();
    }
    const BodyRelay::Taken taken = response_body_.take(in_, pieces);
    if (taken.state == BodyRelay::State::failed) {
        count_limits_of(response_body_);
    }
    if (taken.state == BodyRelay::State::failed && nothing_sent) {
        pieces.clear();
        exchange_.status = 0;
        return refuse_malformed();
    }
    exchange_.payload_sent += taken.payload;
    upstream_moved_ = worker_.now;
    send_to_client();
    if (taken.state == BodyRelay::State::failed) {
        blame(snapshot::Sighting::malformed);
        finish(Ending::Kind::broken, http::Reason::upstream_malformed);
    } else if (taken.state == BodyRelay::State::done) {
        on_complete();
    }
}

/// Once a client is seen to be slow, less is asked for on its behalf, and of its request no more is held than must be.
void Attempt::look_at_client() {
    if (!client_was_slow_ && exchange_.to_client.blocked()) {
        client_was_slow_ = true;
        exchange_.let_go_of_head();
    }
}

void Attempt::send_to_client() {
    net::Pieces& pieces = worker_.scratch->pieces;
    const net::Io io = exchange_.to_client.send(client_.stream, pieces);
    pieces.clear();
    look_at_client();
    if (io == net::Io::failed) {
        finish(Ending::Kind::client_gone, http::Reason::client_closed);
    }
}

void Attempt::on_complete() {
    stage_ = Stage::over;
    const bool request_complete = exchange_.body.done() && !out_.blocked() && !request_lost_;
    upstream_reusable_ = upstream_reusable_ && request_complete && in_.empty();  // surplus bytes are nobody's answer
    finish(Ending::Kind::complete);
}

void Attempt::on_upstream_end(net::Io how) {
    const http::Reason reason = how == net::Io::ended ? http::Reason::upstream_closed : http::Reason::upstream_reset;
    upstream_reusable_ = false;
    if (stage_ == Stage::head) {
        const bool answered = !in_.empty() || exchange_.interim_sent;
        if (!reused_ || answered) {
            blame(snapshot::Sighting::reset);
        } else {
            worker_.given.control->saw(&endpoint_, snapshot::Sighting::lost_in_use);
        }
        return set_back(upstream::Setback::lost, reason);  // a part of a head is no answer, nobody has seen it
    }
    net::Pieces& pieces = worker_.scratch->pieces;
    pieces.clear();
    if (how == net::Io::ended && response_body_.on_eof(pieces) == BodyRelay::State::done) {
        send_to_client();
        return on_complete();
    }
    blame(snapshot::Sighting::reset);
    finish(Ending::Kind::broken, reason);
}

}  // namespace cardea::proxy
