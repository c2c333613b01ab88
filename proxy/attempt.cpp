#include "proxy/attempt.hpp"

#include "proxy/tunnel.hpp"

#include <algorithm>
#include <utility>

namespace cardea::proxy {
namespace {

upstream::Counts::Error error_of(snapshot::Sighting sighting) {
    using Error = upstream::Counts::Error;
    switch (sighting) {
        case snapshot::Sighting::connect_refused:
            return Error::connect_refused;
        case snapshot::Sighting::connect_failed:
            return Error::connect_failed;
        case snapshot::Sighting::first_byte_timeout:
            return Error::timeout;
        case snapshot::Sighting::stalled:
            return Error::stalled;
        case snapshot::Sighting::bad_status:
            return Error::bad_status;
        case snapshot::Sighting::malformed:
            return Error::malformed;
        default:
            return Error::reset;
    }
}

}  // namespace

Attempt::Attempt(Exchange& exchange, balance::EndpointState& endpoint, bool fresh)
    : exchange_(exchange),
      worker_(exchange.worker),
      client_(exchange.client),
      endpoint_(endpoint),
      service_(exchange.policy->service),
      in_(worker_.buffers),
      out_(worker_.blocks),
      waiting_(endpoint, *exchange.policy),
      fresh_wanted_(fresh),
      awaits_continue_(exchange.facts.expect_continue && exchange.payload_received == 0),
      response_idle_(service_.timeouts.idle),
      began_(worker_.now),
      upstream_moved_(worker_.now) {}

bool Attempt::take_pooled() {
    if (fresh_wanted_) {
        return false;
    }
    const bool careful = !http::idempotent(exchange_.facts.method);
    up_ = worker_.pool.take(endpoint_, careful, worker_.now);
    if (!up_) {
        return false;
    }
    reused_ = true;
    worker_.metrics.upstream_reuses.add();
    up_->stream.wake_with(&client_.waker, wake::upstream_in, wake::upstream_out);
    return true;
}

net::Task<void> Attempt::connect() {
    up_ = worker_.pool.make(endpoint_);
    up_->stream.wake_with(&client_.waker, wake::upstream_in, wake::upstream_out);
    upstream::Connector connector(*up_, service_.timeouts.connect);
    upstream::Connecting state = connector.start(worker_.now);
    state = state == upstream::Connecting::starved ? dial_again(connector) : state;
    while (state == upstream::Connecting::waiting) {
        client_.inlet.keep();
        worker_.wheel.arm(client_.timer, connector.deadline());
        exchange_.count_work();
        co_await client_.waker.any(wake::client_in | wake::upstream_in | wake::upstream_out | wake::timer | wake::order);
        look_around();
        if (ending_) {
            co_return;
        }
        state = connector.step(worker_.now);
    }
    upstream_moved_ = worker_.now;
    if (state == upstream::Connecting::connected) {
        worker_.metrics.upstream_connects.add();
        worker_.metrics.upstream_connect.observe(worker_.now - began_);
        co_return;
    }
    worker_.metrics.upstream_connect_failures.add();
    if (state == upstream::Connecting::starved) {
        worker_.metrics.hit(observe::Limit::descriptors);
        refuse(http::Reason::overloaded);
        co_return;
    }
    blame(state == upstream::Connecting::refused ? snapshot::Sighting::connect_refused : snapshot::Sighting::connect_failed);
    set_back(upstream::Setback::connect_failed, http::Reason::connect_failed);
}

void Attempt::begin() {
    if (!ending_) {
        send_head();
    }
    if (!ending_) {
        pump_request();
    }
    client_.waker.forget(wake::sockets);
}

std::uint32_t Attempt::before_wait() {
    keep_watch();
    exchange_.count_work();
    if (std::exchange(more_now_, false)) {
        return 0;
    }
    worker_.wheel.arm(client_.timer, deadline());
    return wait_mask();
}

void Attempt::go_on() {
    look_around();
    look_at_time();
    pump_request();
    pump_response();
}

net::Task<void> Attempt::tunnel() {
    exchange_.let_go_of_head();
    Tunnel tunnel(client_, exchange_.to_client, *up_, in_, out_, service_.timeouts.tunnel_idle, exchange_.head_held());
    co_await tunnel.run(exchange_.aborted);
    exchange_.payload_sent += tunnel.bytes_to_client();
    if (exchange_.aborted && ending_) {
        ending_->kind = Ending::Kind::broken;
        ending_->reason = http::Reason::upstream_closed;
    }
}

/// We have no descriptor left: kept connections are given up for one that is needed.
upstream::Connecting Attempt::dial_again(upstream::Connector& connector) {
    if (worker_.pool.empty()) {
        return upstream::Connecting::starved;
    }
    worker_.pool.drop_all();
    return connector.start(worker_.now);
}

/// What may have happened while we waited, other than bytes.
void Attempt::look_around() {
    if (client_.stream.broken()) {
        return finish(Ending::Kind::client_gone, http::Reason::client_closed);
    }
    const bool waiting = stage_ == Stage::head && in_.empty() && !exchange_.interim_sent;
    if (exchange_.aborted) {
        return waiting ? set_back(upstream::Setback::moved, http::Reason::upstream_closed)
                       : finish(Ending::Kind::broken, http::Reason::upstream_closed);
    }
    if (waiting && endpoint_.move_waiting.load(std::memory_order_relaxed) &&
        exchange_.decide(upstream::Setback::moved, out_.sent() > 0) != upstream::Decision::give_up) {
        if (exchange_.has_somewhere_else()) {
            set_back(upstream::Setback::moved, http::Reason::upstream_closed);
        } else {
            worker_.some_would_move = true;
        }
    }
}

/// Only while nothing of ours is missing does silence count against the endpoint.
bool Attempt::waits_for_endpoint() const {
    return exchange_.body.done() || out_.blocked() || request_lost_ || awaits_continue_;
}

/// Whose turn is it? Their silence is timed.
void Attempt::keep_watch() {
    if (client_.stream.peer_ended() && !exchange_.client_ended) {
        exchange_.client_ended = worker_.now;
    }
    exchange_.body_pace.expect(!waits_for_endpoint(), worker_.now);
    exchange_.write_pace.hold(exchange_.to_client.blocked(), worker_.now);
    const bool its_turn = stage_ == Stage::head && in_.empty() && waits_for_endpoint();
    if (its_turn && !waiting_.linked()) {
        worker_.silence.add(waiting_);
    } else if (!its_turn) {
        waiting_.unlink();
    }
}

void Attempt::heard_from_endpoint() {
    SilenceWatch::heard(endpoint_, worker_.now);
    if (waiting_.linked()) {
        waiting_.unlink();
        exchange_.policy->first_bytes.count(worker_.given.index, worker_.now - waiting_.since, worker_.now);
    }
}

config::TimePoint Attempt::deadline() const {
    config::TimePoint at = std::min({exchange_.body_pace.deadline(), exchange_.write_pace.deadline(), departure()});
    if (awaits_continue_) {
        at = std::min(at, began_ + service_.timeouts.expect_continue);
    }
    return std::min(at, endpoint_deadline());
}

/// When a client that has ended its side, and waits for an answer that does not begin, is taken for gone.
config::TimePoint Attempt::departure() const {
    const bool silent = stage_ == Stage::head && in_.empty() && exchange_.client_ended;
    return silent ? *exchange_.client_ended + client_.listener->client.half_close_timeout : config::TimePoint::max();
}

/// Only while nothing but its bytes is missing.
config::TimePoint Attempt::endpoint_deadline() const {
    if (exchange_.to_client.blocked()) {
        return config::TimePoint::max();
    }
    if (stage_ == Stage::body) {
        return upstream_moved_ + response_idle_;
    }
    return stage_ == Stage::head && waits_for_endpoint() ? upstream_moved_ + service_.timeouts.first_byte : config::TimePoint::max();
}

/// What has come meanwhile, and is only about to be read, is not late.
void Attempt::look_at_time() {
    if (ending_ || worker_.now < deadline()) {
        return;
    }
    if (worker_.now >= exchange_.write_pace.deadline() && exchange_.client_stalls()) {
        return finish(Ending::Kind::client_gone, http::Reason::client_timeout);
    }
    if (worker_.now >= departure() && !up_->stream.readable()) {
        worker_.metrics.hit(observe::Limit::half_close_timeout);
        return finish(Ending::Kind::client_gone, http::Reason::client_closed);
    }
    if (awaits_continue_ && worker_.now >= began_ + service_.timeouts.expect_continue) {
        return send_continue();
    }
    if (worker_.now >= exchange_.body_pace.deadline() && !client_.stream.readable()) {
        worker_.metrics.hit(exchange_.body_pace.limit());
        return refuse(http::Reason::client_timeout);
    }
    if (worker_.now < endpoint_deadline() || up_->stream.readable()) {
        return;
    }
    if (stage_ == Stage::body) {
        blame(snapshot::Sighting::stalled);
        return finish(Ending::Kind::broken, http::Reason::response_timeout);
    }
    blame(snapshot::Sighting::first_byte_timeout);
    set_back(upstream::Setback::timed_out, http::Reason::first_byte_timeout);
}

std::uint32_t Attempt::wait_mask() const {
    std::uint32_t mask = wake::timer | wake::order | wake::client_in;
    mask |= exchange_.to_client.blocked() ? wake::client_out : wake::upstream_in;
    mask |= out_.blocked() ? wake::upstream_out : 0U;
    return mask;
}

void Attempt::finish(Ending::Kind kind, http::Reason reason, upstream::Setback setback) {
    if (!ending_) {
        Ending& ending = ending_.emplace();
        ending.kind = kind;
        ending.reason = reason;
        ending.setback = setback;
        ending.bytes_sent = out_.sent() > 0;
        ending.reused = reused_;
    }
}

void Attempt::set_back(upstream::Setback setback, http::Reason reason) {
    finish(Ending::Kind::setback, reason, setback);
}

void Attempt::count_limits_of(const BodyRelay& failed) {
    if (failed.oversized()) {
        worker_.metrics.hit(observe::Limit::chunked_max_trailers);
    } else if (failed.overextended()) {
        worker_.metrics.hit(observe::Limit::chunked_max_extensions);
    }
}

/// Our own answer in place of the endpoint's, unless its has begun.
void Attempt::refuse(http::Reason reason) {
    finish(exchange_.status == 0 ? Ending::Kind::refused : Ending::Kind::broken, reason);
}

void Attempt::blame(snapshot::Sighting sighting) {
    endpoint_.failures.fetch_add(1, std::memory_order_relaxed);
    exchange_.policy->counts->failed(error_of(sighting));
    if (sighting == snapshot::Sighting::connect_refused) {
        // At once, so that no other request of any worker runs into it; control probes and lifts it.
        auto none = balance::Suspension::none;
        endpoint_.suspension.compare_exchange_strong(none, balance::Suspension::refused, std::memory_order_relaxed);
    } else {
        endpoint_.consecutive_failures.fetch_add(1, std::memory_order_relaxed);
    }
    worker_.given.control->saw(&endpoint_, sighting);
}

Ending Attempt::settle() {
    exchange_.body_pace.expect(false, worker_.now);
    if (upstream_reusable_ && stage_ == Stage::over && up_) {
        ++up_->exchanges;
        worker_.pool.put(std::move(up_), service_.keepalive, worker_.now);
    }
    up_.reset();
    return *ending_;  // NOLINT(bugprone-unchecked-optional-access): it is over()
}

}  // namespace cardea::proxy
