// Our own answers, the end of an exchange, and what is written down about it.
#include "proxy/connection.hpp"
#include "proxy/exchange.hpp"
#include "proxy/http/redirect.hpp"
#include "proxy/http1/trace.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <variant>

namespace cardea::proxy {
namespace {

constexpr std::string_view retry_soon = "Retry-After: 1\r\n";

void add_field(std::string& lines, std::string_view name, std::string_view value) {
    lines.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

/// 502 and 504 are for requests that reached an endpoint; who reached nobody hears 503.
http::Reason Exchange::reason_of(const Ending& ending) const {
    if (ending.kind == Ending::Kind::refused && ending.reason != http::Reason::none) {
        return ending.reason;
    }
    if (queue_refusal_ != http::Reason::none) {
        return queue_refusal_;
    }
    if (reached_ && lost_by_ != http::Reason::none) {
        return lost_by_;
    }
    if (attempts > 0 || ending.kind == Ending::Kind::setback) {
        return http::Reason::connect_failed;
    }
    const upstream::Upstream* upstream = current_upstream();
    return upstream != nullptr && upstream->starting ? http::Reason::starting : http::Reason::no_endpoint;
}

/// What has already arrived of the body goes, so that a small request does not cost its client the connection.
void Exchange::discard_body() {
    net::Pieces& pieces = worker.scratch->pieces;
    BodyRelay::State state = BodyRelay::State::more;
    while (!client.inlet.empty() && !body.done() && state == BodyRelay::State::more) {
        pieces.clear();
        state = body.take(client.inlet, pieces).state;
    }
}

Ending Exchange::refuse(http::Reason reason) {
    discard_body();
    std::string allow;
    if (reason == http::Reason::method_not_allowed) {
        add_field(allow, "Allow", allow_);
    }
    const std::uint16_t code = http::status_of(reason);
    http1::Reply reply;
    reply.status = code;
    reply.reason = reason;
    reply.extra_fields = code == 503 ? retry_soon : std::string_view(allow);
    const bool understood =
        reason == http::Reason::no_route || reason == http::Reason::method_not_allowed || reason == http::Reason::overloaded;
    reply.close = route == nullptr && !understood;
    worker.metrics.errors[static_cast<std::size_t>(reason)].add();
    Ending ending = send_reply(reply, {});
    if (ending.kind == Ending::Kind::complete) {
        ending.reason = reason;
    }
    return ending;
}

Ending Exchange::answer_by_route() {
    discard_body();
    http1::Reply reply;
    std::string fields;
    std::string_view content;
    std::string made;
    if (route == nullptr && facts.method == http::Method::trace) {  // its Max-Forwards is used up
        add_field(fields, "Content-Type", "message/http");
        reply.status = 200;
        content = made = http1::reflected(worker.request);
    } else if (route == nullptr) {  // and so is that of an OPTIONS
        add_field(fields, "Allow", methods_served);
        reply.status = 204;
    } else if (const auto* respond = std::get_if<config::Respond>(&route->route.action)) {
        for (const auto& [name, value] : respond->headers) {
            add_field(fields, name, value);
        }
        reply.status = respond->status;
        content = respond->body;
    } else if (const auto* redirect = std::get_if<config::Redirect>(&route->route.action)) {
        add_field(fields, "Location", http::expand_redirect(redirect->to, worker.request));
        reply.status = redirect->status;
    }
    reply.extra_fields = fields;
    return send_reply(reply, content);
}

/// Head from the scratch, body from where it lies: in the route, which is pinned and lends it, or for this moment only.
Ending Exchange::send_reply(http1::Reply& reply, std::string_view content) {
    said_close = reply.close = reply.close || last_answer() || !body.done();
    reply.show_reason = worker.snapshot->headers->reason;
    reply.client_version = facts.version;
    reply.date = worker.date.text();
    reply.body = content;
    const bool head_request = facts.method == http::Method::head;
    reply.head_only = head_request || !content.empty();
    http1::Out out(worker.scratch->head);
    http1::write_reply(reply, out);
    net::Pieces& pieces = worker.scratch->pieces;
    pieces.clear();
    pieces.add(out.text());
    const bool bodyless = head_request || reply.status == 204 || reply.status == 304;
    if (!bodyless) {
        pieces.add(content);
        payload_sent += content.size();
    }
    status = reply.status;
    Ending ending;
    const std::size_t lent = bodyless || route == nullptr ? 0 : content.size();
    if (to_client.blocked() || to_client.send(client.stream, pieces, lent) == net::Io::failed) {
        ending.kind = Ending::Kind::client_gone;
        ending.reason = http::Reason::client_closed;
    }
    return ending;
}

bool Exchange::last_answer() const {
    return !facts.keep_alive || worker.draining || client.spent().has_value();
}

bool Exchange::client_stalls() {
    const auto limit = write_pace.look(to_client.sent(), client.stream.unsent(), worker.now);
    if (limit) {
        worker.metrics.hit(*limit);
    }
    return limit.has_value();
}

/// Waits until the client has taken what is held for it; false when it does not.
net::Task<bool> Exchange::flush_client() {
    for (;;) {
        const net::Io io = to_client.flush(client.stream);
        if (io != net::Io::blocked) {
            co_return io == net::Io::done;
        }
        write_pace.hold(true, worker.now);
        if (aborted || (worker.now >= write_pace.deadline() && client_stalls())) {
            co_return false;
        }
        client.inlet.keep();
        worker.wheel.arm(client.timer, write_pace.deadline());
        count_work();
        co_await client.waker.any(wake::client_out | wake::timer | wake::order);
    }
}

void Exchange::count_work() {
    if (timed_) {
        const config::TimePoint now = worker.given.clock->now();
        work_ += now - std::max(worker.now, counted_to_);
        counted_to_ = now;
    }
}

/// What is long is cut: it stands beside an answer that waits, and the two together have a bound.
void Exchange::let_go_of_head() {
    constexpr std::size_t kept_of_each = 1024;
    const std::array views{&record_.client_ip, &record_.authorization, &record_.request_line, &record_.host,
                           &record_.referer,   &record_.user_agent,    &record_.request_id,   &facts.upgrade_protocol};
    if (head_.memory() <= views.size() * kept_of_each) {
        return;
    }
    const std::string_view whole = head_.bytes();
    net::Block kept = worker.blocks.take(views.size() * kept_of_each);
    std::size_t used = 0;
    for (std::string_view* view : views) {
        const bool in_head = view->data() >= whole.data() && view->data() < whole.data() + whole.size();
        if (in_head) {
            const std::size_t size = view->copy(kept.data() + used, kept_of_each);
            *view = {kept.data() + used, size};
            used += size;
        }
    }
    if (worker.request_owner == this) {
        worker.request_owner = nullptr;
    }
    head_.replace(std::move(kept), used);
}

After Exchange::conclude(const Ending& ending) {
    finished_ = !aborted && (ending.kind == Ending::Kind::client_gone ||
                             (ending.kind == Ending::Kind::complete && ending.reason == http::Reason::none));
    worker.metrics.bytes_sent.add(to_client.sent());
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(worker.now - began_);
    worker.metrics.request_duration.observe(static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0)));
    count_work();
    if (timed_) {
        worker.metrics.proxy_overhead.observe(work_);
    }
    worker.metrics.answered.count({client.listener_number, route != nullptr ? route->number : std::uint16_t{0}, facts.method, status});
    if (recorded_) {
        record_.duration_us = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0));
        record_.queued_us = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(queued_for_).count());
        write_record(ending);
    }
    if (to_client.blocked()) {
        return After::reset;  // an orderly end could be taken for that of the answer, and the kernel would keep the rest
    }
    if (ending.kind == Ending::Kind::client_gone) {
        return After::close;
    }
    if (ending.kind == Ending::Kind::broken) {
        return cut_needs_reset ? After::reset : After::close;
    }
    if (!said_close && body.done()) {
        return After::next;
    }
    if (const auto limit = client.spent(); limit && facts.keep_alive && said_close) {
        worker.metrics.hit(*limit);
    }
    const bool more_may_come = !body.done() || !client.inlet.empty() || client.stream.readable();
    return more_may_come && status != 101 ? After::linger : After::close;
}

void Exchange::fill_record(const http::RequestHead& head) {
    const std::string_view bytes = head_.bytes();
    const std::size_t begin = std::min(bytes.find_first_not_of("\r\n"), bytes.size());
    const std::size_t end = std::min(bytes.find_first_of("\r\n", begin), bytes.size());
    record_.request_line = bytes.substr(begin, end - begin);
    record_.client_ip = client.peer.address_text;
    if (worker.request_owner != this) {
        return;  // not understood: nothing more is known
    }
    http::fill_forwarded(head, client.peer, client.listener->trusted_proxies, *worker.snapshot->headers, request_id_seed_,
                         worker.forwarded);
    record_.client_ip = worker.forwarded.client_ip;
    const std::string_view id = worker.forwarded.request_id;
    const bool ours = id.data() == worker.forwarded.id_room.data();
    record_.request_id = ours ? std::string_view{request_id_.data(), id.copy(request_id_.data(), request_id_.size())} : id;
    record_.host = head.authority;
    record_.referer = head.fields.value(http::FieldId::referer);
    record_.user_agent = head.fields.value(http::FieldId::user_agent);
    const auto authorization =
        std::ranges::find_if(head.fields.all(), [](const http::Field& field) { return http::equals_lower(field.name, "authorization"); });
    if (authorization != head.fields.all().end()) {
        record_.authorization = authorization->value;
    }
}

void Exchange::write_record(const Ending& ending) {
    record_.service = policy != nullptr ? std::string_view(policy->service.name) : std::string_view{};
    record_.endpoint = endpoint_ != nullptr ? std::string_view(endpoint_->id) : std::string_view(lost_endpoint_);
    constexpr std::uint16_t client_closed_request = 499;  // nginx's word for it; never sent
    record_.status = status != 0 ? status : client_closed_request;
    record_.reason = ending.reason;
    record_.outcome = ending.kind == Ending::Kind::complete      ? observe::Outcome::complete
                      : ending.kind == Ending::Kind::client_gone ? observe::Outcome::client_gone
                                                                 : observe::Outcome::cut;
    record_.body_bytes = payload_sent;
    record_.attempts = policy != nullptr ? attempts : 0;
    worker.given.records->write(record_, worker.wall);
}

}  // namespace cardea::proxy
