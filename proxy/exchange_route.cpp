// From the received head to an endpoint.
#include "proxy/attempt.hpp"
#include "proxy/connection.hpp"
#include "proxy/exchange.hpp"
#include "proxy/http/target.hpp"
#include "proxy/http1/parser.hpp"

#include <algorithm>
#include <utility>

namespace cardea::proxy {
namespace {

/// What an endpoint is called where the client called it nothing.
std::string host_of(const balance::EndpointState& endpoint) {
    const config::Address& first = endpoint.addresses.front();
    return first.kind == config::Address::Kind::ip ? config::to_string(first) : "localhost";
}

}  // namespace

Exchange::Exchange(Connection& of)
    : worker(of.worker),
      client(of),
      replay(of.worker.blocks, 0),
      to_client(of.worker.blocks),
      write_pace(of.listener->client, of.worker.now),
      head_(of.worker.blocks),
      request_id_seed_(of.worker.random()),
      recorded_(of.worker.given.records != nullptr && of.worker.given.records->wanted()),
      began_(of.worker.now),
      timed_(request_id_seed_ % observe::overhead_every == 0) {
    record_.client_ip = of.peer.address_text;
    worker.exchanges.push_back(*this);
    worker.metrics.requests.add();
    worker.metrics.in_flight.add();
    worker.metrics.writing.add();
}

Exchange::~Exchange() {
    hold(nullptr);
    answered();
    if (policy != nullptr) {
        policy->pins.drop(worker.given.index);
    }
    if (route != nullptr) {
        route->pins.drop(worker.given.index);
    }
    if (worker.request_owner == this) {
        worker.request_owner = nullptr;
    }
    worker.metrics.in_flight.sub();
    worker.metrics.writing.sub();
}

/// Takes the head out of the inlet into memory of its own: every view of it lives as long as the exchange.
http::Reason Exchange::receive(std::size_t head_size) {
    head_.hold(client.inlet.bytes().substr(0, head_size));
    client.inlet.consume(head_size);
    const config::ClientLimits& limits = client.listener->client;
    http::RequestHead& head = worker.request;
    const http::Reason reason = http1::parse_request(head_.bytes(), client.parse_limits(), head);
    worker.request_owner = reason == http::Reason::none ? this : nullptr;
    facts = {head.method, head.version, head.framing, head.keep_alive, head.expect_continue, head.upgrade, head.upgrade_protocol};
    if (recorded_) {
        fill_record(head);
    }
    if (reason != http::Reason::none) {
        return reason;
    }
    body = BodyRelay(head.framing, head.framing.kind, !head.connection_names_fields, limits.chunked);
    body_pace = BodyPace(limits);
    return head.framing.length > limits.max_body.count ? http::Reason::body_too_large : http::Reason::none;
}

void Exchange::answered() {
    if (std::exchange(pending_, false)) {
        policy->counts->leave(worker.given.index);
    }
}

void Exchange::parse_again() {
    if (worker.request_owner == this) {
        return;
    }
    (void)http1::parse_request(head_.bytes(), client.parse_limits(), worker.request);  // was good the first time
    worker.request_owner = this;
}

/// While the worker cannot keep up, whoever has only just come is told so; those that have begun go on.
http::Reason Exchange::find_route() {
    if (worker.shedding) {
        worker.metrics.hit(*worker.shedding);
        return http::Reason::overloaded;
    }
    const http::RequestHead& head = worker.request;
    if (http::is_last_hop(head)) {
        return http::Reason::none;
    }
    if (head.method == http::Method::trace) {  // shows a client what proxies added, cookies included: not for strangers
        allow_ = methods_served;
        return http::Reason::method_not_allowed;
    }
    if (worker.snapshot->path.encoded_slash == config::Paths::EncodedSlash::reject && http::has_encoded_slash(head.path)) {
        return http::Reason::bad_target;
    }
    if (http::own_hops(head.fields, worker.snapshot->headers->via) >= http::max_own_hops) {
        return http::Reason::loop_detected;
    }
    route::Found found = worker.snapshot->router->find(head.host, head.path, head.method_text);
    if (found.policy == nullptr) {
        allow_ = std::move(found.allow);
        return allow_.empty() ? http::Reason::no_route : http::Reason::method_not_allowed;
    }
    route = found.policy;
    route->pins.add(worker.given.index);
    if (route->upstream == route::RoutePolicy::no_upstream) {
        return http::Reason::none;
    }
    policy = worker.snapshot->upstreams[route->upstream]->policy.get();
    policy->pins.add(worker.given.index);
    pending_ = policy->counts->enter(worker.given.index, policy->service.max_pending);
    if (!pending_) {
        worker.metrics.hit(observe::Limit::max_pending);
        return http::Reason::too_many_pending;
    }
    policy->budget.count_request(worker.given.index, worker.now);
    replay = Replay(worker.blocks, policy->service.retry.body_buffer.count);
    return http::Reason::none;
}

/// The upstream in the present snapshot, which may be a later one than that the route was found in.
const upstream::Upstream* Exchange::current_upstream() const {
    const auto& upstreams = worker.snapshot->upstreams;
    const auto same = [&](const auto& one) { return one != nullptr && (one->policy.get() == policy || one->name == policy->service.name); };
    if (route->upstream < upstreams.size() && same(upstreams[route->upstream])) {
        return upstreams[route->upstream].get();
    }
    const auto found = std::ranges::find_if(upstreams, same);
    return found == upstreams.end() ? nullptr : found->get();
}

balance::EndpointState* Exchange::pick() {
    if (same_endpoint_ && endpoint_->eligible()) {
        ++attempts;
        return endpoint_;
    }
    if (!std::exchange(called_, false) && others_wait()) {
        hold(nullptr);
        return nullptr;
    }
    const upstream::Upstream* upstream = current_upstream();
    balance::EndpointState* picked = nullptr;
    if (upstream != nullptr && upstream->balancer != nullptr) {
        const balance::PickContext context{worker.random(), {tried_.data(), tried_count_}};
        picked = upstream->balancer->pick(context);
    }
    hold(picked);
    attempts += picked != nullptr ? 1U : 0U;
    return picked;
}

void Exchange::hold(balance::EndpointState* endpoint) {
    if (endpoint_ != nullptr) {
        if (!endpoint_->eligible()) {
            count_departure(*endpoint_, endpoint != nullptr || may_wait());
        }
        endpoint_->in_flight.fetch_sub(1, std::memory_order_release);
    }
    endpoint_ = endpoint;
    if (endpoint != nullptr) {
        endpoint->in_flight.fetch_add(1, std::memory_order_relaxed);
        endpoint->requests.fetch_add(1, std::memory_order_relaxed);
    }
}

/// For the receipt of an endpoint that gets no new requests.
void Exchange::count_departure(balance::EndpointState& from, bool moves) const {
    auto& ended = finished_ ? from.ended_finished : moves ? from.ended_moved : from.ended_failed;
    ended.fetch_add(1, std::memory_order_relaxed);
}

void Exchange::write_head(http1::Out& out) {
    parse_again();
    http::fill_forwarded(worker.request, client.peer, client.listener->trusted_proxies, *worker.snapshot->headers, request_id_seed_,
                         worker.forwarded);
    std::string_view host = policy->service.upstream_host;
    std::string own;
    if (host.empty() && worker.request.authority.empty()) {  // HTTP/1.0 without Host: many origins refuse an empty one
        host = own = host_of(*endpoint_);
    }
    http1::write_request(worker.request, worker.forwarded, route->route.request_headers, host, out);
}

bool Exchange::keeps_body() const {
    return http::idempotent(facts.method) || policy->service.retry.non_idempotent;
}

upstream::Progress Exchange::progress_with(bool bytes_sent) const {
    return {
        .method = facts.method,
        .attempts = attempts - attempts_before_,
        .bytes_sent = bytes_sent,
        .replayable = replay.whole(),
        .response_started = status != 0 || interim_sent,
    };
}

upstream::Decision Exchange::decide(upstream::Setback setback, bool bytes_sent) const {
    return upstream::may_retry(policy->service.retry, progress_with(bytes_sent), setback);
}

/// Whoever is gone for good need not be waited for; one that is only suspended may come back sooner than another.
bool Exchange::has_somewhere_else() const {
    return endpoint_->suspension.load(std::memory_order_relaxed) == balance::Suspension::removed || somebody_is_there();
}

bool Exchange::again(const Ending& ending) {
    if (ending.bytes_sent) {
        reached_ = true;
        lost_by_ = ending.reason;
    }
    if (ending.kind == Ending::Kind::broken ||
        (ending.kind == Ending::Kind::refused && ending.reason == http::Reason::upstream_malformed)) {
        lost(observe::Loss::response_begun);
    }
    if (ending.kind != Ending::Kind::setback) {
        return false;
    }
    lost_endpoint_ = recorded_ ? endpoint_->id : std::string{};
    const upstream::Progress progress = progress_with(ending.bytes_sent);
    if (const observe::Loss loss = upstream::obstacle(policy->service.retry, progress, ending.setback); loss != observe::Loss::none) {
        const bool judged = ending.setback == upstream::Setback::timed_out || ending.setback == upstream::Setback::status;
        if (loss == observe::Loss::attempts && attempts > 1 && !judged && may_wait() && only_tried_are_there()) {
            attempts_failed_ = true;  // what that means is known in a moment
        } else {
            lost(loss);
        }
        return false;
    }
    const upstream::Decision decision = upstream::may_retry(policy->service.retry, progress, ending.setback);
    // The budget for a status was taken before the answer was thrown away.
    if (decision == upstream::Decision::again_if_budget && ending.setback != upstream::Setback::status &&
        !policy->budget.take(policy->service.retry, worker.given.index, worker.now)) {
        worker.metrics.retry_budget_exhausted.add();
        lost(observe::Loss::budget);
        return false;
    }
    if (ending.setback == upstream::Setback::moved) {
        ++attempts_before_;  // no fault of the request's; ends because only a suspension moves it
        ++record_.moved;
        worker.metrics.moved.add();
    } else {
        worker.metrics.retries.add();
    }
    // A pooled connection that had died says nothing of its endpoint: the same one, by a new connection.
    fresh_ = same_endpoint_ = ending.reused && (ending.setback == upstream::Setback::stale || ending.setback == upstream::Setback::lost);
    if (!same_endpoint_ && tried_count_ < tried_.size()) {
        tried_[tried_count_++] = endpoint_;
    }
    return true;
}

/// A request that an endpoint failed, or that found none, is not made good.
void Exchange::lost(observe::Loss why) {
    record_.loss = why;
    worker.metrics.lost[static_cast<std::size_t>(why)].add();
}

void Exchange::abort() {
    aborted = true;
    client.order();
}

void Exchange::look_again() {
    client.order();
}

}  // namespace cardea::proxy
