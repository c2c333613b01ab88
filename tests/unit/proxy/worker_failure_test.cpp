// One worker when something goes wrong: what is tried again, what never is, what the client hears, what control is told.
#include "tests/support/proxy/front.hpp"
#include "tests/support/proxy/messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cardea::proxy {
namespace {

using namespace std::chrono_literals;
using snapshot::Sighting;
using support::first_line;
using support::Front;
using support::FrontSetup;
using support::get;
using support::ok_hi;
using support::Origin;
using support::Peer;
using support::post;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;

constexpr std::string_view put = "PUT /p HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody";

Peer serve_one(Peer& client, Origin& origin, std::string_view request = get) {
    client.send(request);
    Peer up = origin.accept();
    up.head();
    up.send(ok_hi);
    client.read_until("hi");
    return up;
}

/// A port on which connections are refused.
std::uint16_t dead_port() {
    Origin gone;
    return gone.port();
}

// --------------------------------------------------------------------------------------- reached nobody

TEST(WorkerFailure, nobody_to_ask_is_unavailable_with_retry_after) {
    Front front({});
    Peer client = front.client();
    client.send(get);
    const std::string head = client.head();
    EXPECT_EQ(first_line(head), "HTTP/1.1 503 Service Unavailable");
    EXPECT_THAT(head, HasSubstr("\r\nRetry-After: 1\r\n"));
    EXPECT_THAT(head, HasSubstr("\r\nX-Cardea-Reason: no_endpoint\r\n"));
    EXPECT_THAT(head, Not(HasSubstr("Connection: close")));
}

TEST(WorkerFailure, a_refused_connect_moves_any_method_to_another_endpoint) {
    Origin origin;
    Front front({dead_port(), origin.port()});
    Peer client = front.client();
    client.send(post);
    Peer up = origin.accept();
    EXPECT_EQ(first_line(up.head()), "POST /p HTTP/1.1");
    EXPECT_EQ(up.read(4), "body");
    up.send(ok_hi);
    EXPECT_THAT(client.read_until("hi"), StartsWith("HTTP/1.1 200 OK"));
    EXPECT_EQ(front.endpoint(0).suspension.load(), balance::Suspension::refused);
    EXPECT_THAT(front.sightings.all(), Contains(Pair(front.endpoint(0).id, Sighting::connect_refused)));
}

TEST(WorkerFailure, all_refused_is_unavailable_not_a_bad_gateway) {
    Front front({dead_port(), dead_port()});
    Peer client = front.client();
    client.send(post);  // a GET would wait for one to come back
    const std::string head = client.head();
    EXPECT_EQ(first_line(head), "HTTP/1.1 503 Service Unavailable");
    EXPECT_THAT(head, HasSubstr("Retry-After"));
    EXPECT_THAT(head, HasSubstr("connect_failed"));
}

TEST(WorkerFailure, a_suspended_endpoint_gets_no_request) {
    Origin first;
    Origin second;
    Front front({first.port(), second.port()});
    front.endpoint(0).suspension = balance::Suspension::refused;
    Peer client = front.client();
    Peer up = serve_one(client, second);
    client.send(get);
    EXPECT_EQ(first_line(up.head()), "GET /a HTTP/1.1");
    EXPECT_TRUE(first.nobody(0));
}

// ------------------------------------------------------------------------------------ stale connections

TEST(WorkerFailure, a_pooled_connection_that_ended_is_not_used) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    Peer up = serve_one(client, origin);
    up.close();
    EXPECT_TRUE(Front::eventually([&] { return front.metrics.upstream_connections.get() == 0; }));
    EXPECT_THAT(front.sightings.all(), Contains(Pair(front.endpoint(0).id, Sighting::idle_closed)));
    Peer again = serve_one(client, origin, post);
    EXPECT_EQ(front.metrics.retries.get(), 0U);
    EXPECT_EQ(front.endpoint(0).failures.load(), 0U);
}

TEST(WorkerFailure, a_get_that_meets_a_dying_connection_goes_to_the_same_endpoint_again) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    Peer up = serve_one(client, origin);
    client.send(get);
    up.head();
    up.close();
    Peer again = origin.accept();
    EXPECT_EQ(first_line(again.head()), "GET /a HTTP/1.1");
    again.send(ok_hi);
    EXPECT_THAT(client.read_until("hi"), StartsWith("HTTP/1.1 200 OK"));
    EXPECT_EQ(front.endpoint(0).failures.load(), 0U) << "a stale connection blames nobody";
    EXPECT_EQ(front.metrics.retries.get(), 1U);
}

TEST(WorkerFailure, a_post_is_never_repeated_after_a_byte_was_written) {
    Origin first;
    Origin second;
    Front front({first.port(), second.port()});
    Peer client = front.client();
    client.send(post);
    Peer up = first.accept();
    up.head();
    up.close();
    const std::string head = client.head();
    EXPECT_EQ(first_line(head), "HTTP/1.1 502 Bad Gateway");
    EXPECT_TRUE(second.nobody(50));
    EXPECT_TRUE(first.nobody(0));
    EXPECT_THAT(front.sightings.all(), Contains(Pair(front.endpoint(0).id, Sighting::reset)));
}

TEST(WorkerFailure, a_post_takes_no_connection_that_idled_long) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    Peer up = serve_one(client, origin);
    front.advance(1500ms);
    Peer fresh = serve_one(client, origin, post);
    fresh.read(4);
    client.send(post);
    EXPECT_EQ(first_line(fresh.head()), "POST /p HTTP/1.1") << "the one used within the last second is good enough";
}

TEST(WorkerFailure, non_idempotent_may_be_allowed_to_repeat) {
    Origin first;
    Origin second;
    FrontSetup setup;
    setup.service.retry.non_idempotent = true;
    Front front({first.port(), second.port()}, setup);
    Peer client = front.client();
    client.send(post);
    Peer up = first.accept();
    up.head();
    up.close();
    Peer again = second.accept();
    EXPECT_EQ(first_line(again.head()), "POST /p HTTP/1.1");
    EXPECT_EQ(again.read(4), "body");
}

// --------------------------------------------------------------------------------------- lost on the way

TEST(WorkerFailure, a_get_lost_before_the_first_byte_goes_elsewhere) {
    Origin first;
    Origin second;
    Front front({first.port(), second.port()});
    Peer client = front.client();
    client.send(get);
    Peer up = first.accept();
    up.head();
    up.reset();
    Peer other = second.accept();
    EXPECT_EQ(first_line(other.head()), "GET /a HTTP/1.1");
    other.send(ok_hi);
    EXPECT_THAT(client.read_until("hi"), StartsWith("HTTP/1.1 200 OK"));
}

TEST(WorkerFailure, a_put_is_repeated_with_its_body) {
    Origin first;
    Origin second;
    Front front({first.port(), second.port()});
    Peer client = front.client();
    client.send("PUT /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    Peer up = first.accept();
    up.read_until("abc\r\n");
    up.reset();
    Peer other = second.accept();
    other.head();
    EXPECT_EQ(other.read(8), "3\r\nabc\r\n");
    client.send("2\r\nde\r\n0\r\n\r\n");
    EXPECT_EQ(other.read_until("0\r\n\r\n"), "2\r\nde\r\n0\r\n\r\n");
    other.send(ok_hi);
    EXPECT_THAT(client.read_until("hi"), StartsWith("HTTP/1.1 200 OK"));
}

TEST(WorkerFailure, a_put_longer_than_the_buffer_is_not_repeated) {
    Origin first;
    Origin second;
    FrontSetup setup;
    setup.service.retry.body_buffer = {3};
    Front front({first.port(), second.port()}, setup);
    Peer client = front.client();
    client.send(put);
    Peer up = first.accept();
    up.read_until("body");
    up.close();
    EXPECT_EQ(first_line(client.head()), "HTTP/1.1 502 Bad Gateway");
    EXPECT_TRUE(second.nobody(20));
}

TEST(WorkerFailure, attempts_bound_every_retry) {
    std::array<Origin, 4> origins;
    Front front({origins[0].port(), origins[1].port(), origins[2].port(), origins[3].port()});
    Peer client = front.client();
    client.send(get);
    for (std::size_t i = 0; i < 3; ++i) {
        Peer up = origins[i].accept();
        up.head();
        up.close();
    }
    EXPECT_EQ(first_line(client.head()), "HTTP/1.1 502 Bad Gateway");
    EXPECT_TRUE(origins[3].nobody(20));
}

TEST(WorkerFailure, a_malformed_answer_is_a_bad_gateway_and_not_retried) {
    Origin first;
    Origin second;
    Front front({first.port(), second.port()});
    Peer client = front.client();
    client.send(get);
    Peer up = first.accept();
    up.head();
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nhi");
    const std::string head = client.head();
    EXPECT_EQ(first_line(head), "HTTP/1.1 502 Bad Gateway");
    EXPECT_THAT(head, HasSubstr("upstream_malformed"));
    EXPECT_TRUE(up.ended() || up.reset_by_peer());
    EXPECT_TRUE(second.nobody(0));
}

TEST(WorkerFailure, an_early_answer_is_read_though_the_origin_takes_no_more) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n");
    Peer up = origin.accept();
    up.head();
    up.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
    const std::string head = client.head();
    EXPECT_EQ(first_line(head), "HTTP/1.1 413 Content Too Large");
    EXPECT_THAT(head, HasSubstr("Connection: close"));
    EXPECT_EQ(client.read(3), "big");
    EXPECT_TRUE(up.ended());
}

// ------------------------------------------------------------------------------------------- time limits

TEST(WorkerFailure, silence_moves_a_get_and_ends_a_post) {
    Origin first;
    Origin second;
    Front front({first.port(), second.port()});
    Peer client = front.client();
    client.send(get);
    Peer up = first.accept();
    up.head();
    front.advance(30'010ms);
    Peer other = second.accept();
    EXPECT_EQ(first_line(other.head()), "GET /a HTTP/1.1");
    other.send(ok_hi);
    client.read_until("hi");
    EXPECT_THAT(front.sightings.all(), Contains(Pair(front.endpoint(0).id, Sighting::first_byte_timeout)));

    client.send(post);
    Peer third = first.accept();
    third.head();
    third.read(4);
    front.advance(30'010ms);
    EXPECT_EQ(first_line(client.head()), "HTTP/1.1 504 Gateway Timeout");
    EXPECT_TRUE(second.nobody(0));
}

TEST(WorkerFailure, an_answer_that_stalls_is_cut) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send(get);
    Peer up = origin.accept();
    up.head();
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    client.read_until("abc");
    front.advance(59s);
    EXPECT_TRUE(client.silent(20));
    front.advance(2s);
    EXPECT_EQ(client.read_all(), "");
    EXPECT_TRUE(up.ended() || up.reset_by_peer());
}

TEST(WorkerFailure, a_head_must_come_in_time) {
    Front front({});
    Peer client = front.client();
    client.send("GET / HTTP/1.1\r\nHo");
    EXPECT_TRUE(Front::eventually([&] { return front.metrics.reading.get() == 1; }));
    front.advance(9s);
    client.send("st: x\r\n");
    front.advance(2s);
    EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 408 Request Timeout"));
}

TEST(WorkerFailure, idle_clients_go_silently_in_their_time) {
    Origin origin;
    Front front({origin.port()});
    Peer never_spoke = front.client();
    Peer client = front.client();
    Peer up = serve_one(client, origin);
    EXPECT_TRUE(Front::eventually([&] { return front.metrics.connections_idle.get() == 2; }));
    front.advance(10'010ms);
    EXPECT_TRUE(never_spoke.ended());
    EXPECT_TRUE(client.silent(0));
    front.advance(65s);
    EXPECT_EQ(client.read_all(), "");
    EXPECT_TRUE(Front::eventually([&] { return front.shared.connections == 0; }));
}

TEST(WorkerFailure, a_body_that_stalls_is_timed_out) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    Peer up = origin.accept();
    up.read_until("abc");
    front.advance(20'010ms);
    EXPECT_EQ(first_line(client.head()), "HTTP/1.1 408 Request Timeout");
    EXPECT_THAT(front.sightings.all(), IsEmpty()) << "the client's fault is not the endpoint's";
}

// ------------------------------------------------------------------------------------------ our refusals

TEST(WorkerFailure, a_bad_request_is_told_and_the_connection_ends) {
    Front front({});
    Peer client = front.client();
    client.send("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n" + std::string(30'000, 'z'));
    const std::string head = client.head();
    EXPECT_EQ(first_line(head), "HTTP/1.1 400 Bad Request");
    EXPECT_THAT(head, HasSubstr("Connection: close"));
    client.end_writing();
    client.read_until("\n");
    EXPECT_TRUE(client.ended()) << "unread bytes must not turn the answer into a reset";
}

TEST(WorkerFailure, a_body_announced_too_large_is_refused_at_once) {
    Origin origin;
    FrontSetup setup;
    setup.listener.client.max_body = {10};
    Front front({origin.port()}, setup);
    Peer client = front.client();
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(first_line(client.head()), "HTTP/1.1 413 Content Too Large");
    EXPECT_TRUE(origin.nobody(0));
}

TEST(WorkerFailure, a_chunked_body_grown_too_large_is_refused) {
    Origin origin;
    FrontSetup setup;
    setup.listener.client.max_body = {10};
    Front front({origin.port()}, setup);
    Peer client = front.client();
    client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n");
    Peer up = origin.accept();
    up.read_until("12345678\r\n");
    client.send("8\r\n12345678\r\n");
    EXPECT_EQ(first_line(client.head()), "HTTP/1.1 413 Content Too Large");
    EXPECT_THAT(up.read_all(), Not(HasSubstr("0\r\n\r\n")));
}

TEST(WorkerFailure, a_malformed_chunk_is_a_bad_request) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 400 Bad Request"));
}

TEST(WorkerFailure, routes_answer_by_themselves) {
    FrontSetup setup;
    config::Route health;
    health.name = "health";
    health.match.paths = {{config::PathPattern::Kind::exact, "/health"}};
    health.action = config::Respond{200, "fine\n", {{"X-A", "1"}}};
    config::Route moved;
    moved.name = "moved";
    moved.match.paths = {{config::PathPattern::Kind::prefix, "/old"}};
    moved.match.methods = {"GET"};
    moved.action = config::Redirect{"https://{host}{path}", 308};
    setup.routes = {health, moved};
    Front front({}, setup);
    Peer client = front.client();
    client.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(client.head(), HasSubstr("\r\nX-A: 1\r\n"));
    EXPECT_EQ(client.read(5), "fine\n");
    client.send("HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(client.head(), HasSubstr("\r\nContent-Length: 5\r\n"));
    client.send("GET /old/a HTTP/1.1\r\nHost: h:8000\r\n\r\n");
    EXPECT_THAT(client.head(), HasSubstr("\r\nLocation: https://h/old/a\r\n"));
    client.read_until("\n");
    client.send("POST /old/a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx");
    EXPECT_THAT(client.head(), HasSubstr("\r\nAllow: GET\r\n"));
    client.read_until("\n");
    client.send("GET /none HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(first_line(client.head()), "HTTP/1.1 404 Not Found");
}

// ------------------------------------------------------------------------------------------------- orders

TEST(WorkerOrders, a_removed_endpoint_finishes_what_it_has_and_gets_nothing_new) {
    Origin first;
    Origin second;
    Front front({first.port(), second.port()});
    Peer busy = front.client();
    busy.send(get);
    Peer up = first.accept();
    up.head();
    front.serve_from({1});
    Peer client = front.client();
    Peer other = serve_one(client, second);
    up.send(ok_hi);
    EXPECT_THAT(busy.read_until("hi"), StartsWith("HTTP/1.1 200 OK"));
    EXPECT_TRUE(up.ended()) << "its connection is not kept";
    busy.send(get);
    EXPECT_EQ(first_line(other.head()), "GET /a HTTP/1.1") << "the client's connection is";
}

TEST(WorkerOrders, idle_connections_to_a_removed_endpoint_close_at_once) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    Peer up = serve_one(client, origin);
    front.serve_from({});
    EXPECT_TRUE(up.ended());
    EXPECT_THAT(front.sightings.all(), IsEmpty());
}

TEST(WorkerOrders, waiting_idempotent_requests_move_off_a_paused_endpoint) {
    Origin first;
    Origin second;
    Front front({first.port(), second.port()});
    Peer client = front.client();
    client.send(get);
    Peer up = first.accept();
    up.head();
    Peer poster = front.client();
    poster.send(post);
    Peer second_up = second.accept();
    second_up.head();
    front.endpoint(0).move_waiting = true;
    front.endpoint(0).suspension = balance::Suspension::registry;
    front.worker().move_waiting();
    Peer moved = second.accept();
    EXPECT_EQ(first_line(moved.head()), "GET /a HTTP/1.1");
    moved.send(ok_hi);
    EXPECT_THAT(client.read_until("hi"), StartsWith("HTTP/1.1 200 OK"));
    front.endpoint(1).move_waiting = true;
    front.worker().move_waiting();
    front.settle();
    second_up.send(ok_hi);
    EXPECT_THAT(poster.read_until("hi"), StartsWith("HTTP/1.1 200 OK")) << "the POST stays where it is";
}

TEST(WorkerOrders, abort_ends_what_is_still_in_flight) {
    Origin first;
    Origin second;
    Front front({first.port(), second.port()});
    Peer client = front.client();
    client.send(get);
    Peer up = first.accept();
    up.head();
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    client.read_until("abc");
    front.serve_from({1});
    front.worker().abort_endpoints({front.shared_endpoint(0)});
    EXPECT_EQ(client.read_all(), "");
    EXPECT_TRUE(Front::eventually([&] { return front.endpoint(0).in_flight == 0; }));
}

TEST(WorkerOrders, drain_finishes_requests_says_close_and_ends) {
    Origin origin;
    Front front({origin.port()});
    Peer idle = front.client();
    Peer up = serve_one(idle, origin);
    Peer busy = front.client();
    busy.send(get);
    up.head();
    front.worker().drain(front.clock.now() + 30s, front.clock.now() + 1s);
    front.settle();
    EXPECT_TRUE(idle.silent(0)) << "its next request may be on the way";
    front.advance(1100ms);
    EXPECT_TRUE(idle.ended());
    up.send(ok_hi);
    EXPECT_THAT(busy.head(), HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_EQ(busy.read_all(), "hi");
    front.join();
}

TEST(WorkerOrders, drain_ends_at_its_deadline) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send(get);
    Peer up = origin.accept();
    up.head();
    front.worker().drain(front.clock.now() + 30s, front.clock.now() + 30s);
    front.advance(29s);
    EXPECT_TRUE(client.silent(10));
    front.clock.advance(2s);
    front.worker().move_waiting();
    front.join();
}

TEST(WorkerOrders, dropping_a_listener_keeps_its_connections) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    Peer up = serve_one(client, origin);
    front.worker().leave(1);
    front.settle();
    EXPECT_THROW(front.client(), std::runtime_error);
    client.send(get);
    up.head();
    up.send(ok_hi);
    EXPECT_THAT(client.read_until("hi"), StartsWith("HTTP/1.1 200 OK"));
}

TEST(WorkerOrders, accepting_pauses_at_the_limit_and_goes_on_below_it) {
    Origin origin;
    FrontSetup setup;
    setup.max_connections = 1;
    Front front({origin.port()}, setup);
    Peer first = front.client();
    Peer up = serve_one(first, origin);
    Peer second = front.client();
    second.send(get);
    EXPECT_TRUE(Front::eventually([&] { return front.metrics.accept_paused.get() > 0; }));
    EXPECT_TRUE(up.silent(0));
    first.close();
    EXPECT_TRUE(Front::eventually([&] { return front.shared.connections == 0; }));
    front.advance(60ms);
    EXPECT_EQ(first_line(up.head()), "GET /a HTTP/1.1");
}

TEST(WorkerOrders, every_exchange_is_recorded) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    Peer up = serve_one(client, origin);
    up.close();
    client.send("BAD\r\n\r\n");
    client.read_all();
    EXPECT_TRUE(Front::eventually([&] { return front.records.all().size() == 2; }));
    const auto records = front.records.all();
    EXPECT_EQ(records[0].request_line, "GET /a HTTP/1.1");
    EXPECT_EQ(records[0].status, 200);
    EXPECT_EQ(records[0].body_bytes, 2U);
    EXPECT_EQ(records[0].endpoint, front.endpoint(0).id);
    EXPECT_EQ(records[0].client_ip, "127.0.0.1");
    EXPECT_EQ(records[0].attempts, 1U);
    EXPECT_EQ(records[0].request_id.size(), 32U);
    EXPECT_EQ(records[1].status, 400);
    EXPECT_EQ(records[1].reason, http::Reason::bad_request);
}

}  // namespace
}  // namespace cardea::proxy
