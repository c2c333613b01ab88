// One worker whose endpoints are suspended, go away or reach the end of their drain time under its requests: which move,
// which stay, and what is written down of those that are lost.
#include "tests/support/proxy/front.hpp"
#include "tests/support/proxy/messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cardea::proxy {
namespace {

using namespace std::chrono_literals;
using balance::Suspension;
using observe::Loss;
using observe::Outcome;
using support::first_line;
using support::Front;
using support::FrontSetup;
using support::get;
using support::ok_hi;
using support::Origin;
using support::Peer;
using support::post;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view upgrade = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
constexpr std::string_view switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

/// As control does it: first the flags, then the order.
void suspend(Front& front, std::size_t index, Suspension why) {
    front.endpoint(index).suspension = why;
    front.endpoint(index).move_waiting = true;
    front.worker().move_waiting();
}

support::WrittenRecord only_record(Front& front) {
    EXPECT_TRUE(Front::eventually([&] { return front.records.all().size() == 1; }));
    return front.records.all().empty() ? support::WrittenRecord{} : front.records.all().front();
}

// ------------------------------------------------------------------------------------------------- moving

TEST(WorkerMove, a_get_moves_as_soon_as_its_endpoint_is_suspended) {
    Origin frozen;
    Origin other;
    Front front({frozen.port(), other.port()});
    Peer client = front.client();
    client.send(get);
    Peer stuck = frozen.accept();
    stuck.head();
    suspend(front, 0, Suspension::probe_failed);
    Peer up = other.accept();
    up.head();
    up.send(ok_hi);
    EXPECT_THAT(client.read_until("hi"), StartsWith("HTTP/1.1 200 OK"));
    EXPECT_TRUE(stuck.ended() || stuck.reset_by_peer());
    const auto record = only_record(front);
    EXPECT_EQ(record.moved, 1U);
    EXPECT_EQ(record.attempts, 2U);
    EXPECT_EQ(record.endpoint, front.endpoint(1).id);
    EXPECT_EQ(record.loss, Loss::none);
    EXPECT_EQ(front.metrics.moved.get(), 1U);
    EXPECT_EQ(front.metrics.retries.get(), 0U);
}

TEST(WorkerMove, a_request_stays_while_there_is_nobody_else) {
    Origin frozen;
    Front front({frozen.port()});
    Peer client = front.client();
    client.send(get);
    Peer stuck = frozen.accept();
    stuck.head();
    suspend(front, 0, Suspension::probe_failed);
    front.settle();
    front.advance(5s);
    stuck.send(ok_hi);
    EXPECT_THAT(client.read_until("hi"), StartsWith("HTTP/1.1 200 OK")) << "it has thawed";
}

TEST(WorkerMove, a_request_that_stayed_moves_when_another_comes) {
    Origin frozen;
    Origin other;
    Front front({frozen.port(), other.port()});
    front.serve_from({0});
    Peer client = front.client();
    client.send(get);
    Peer stuck = frozen.accept();
    stuck.head();
    suspend(front, 0, Suspension::probe_failed);
    front.settle();
    EXPECT_TRUE(other.nobody(10));
    front.serve_from({1});
    Peer up = other.accept();
    up.head();
    up.send(ok_hi);
    EXPECT_THAT(client.read_until("hi"), StartsWith("HTTP/1.1 200 OK"));
}

TEST(WorkerMove, what_waits_on_one_that_is_gone_does_not_wait_for_its_end) {
    Origin gone;
    Origin next;
    Front front({gone.port(), next.port()});
    front.serve_from({0});
    Peer client = front.client();
    client.send(get);
    Peer up = gone.accept();
    up.head();
    suspend(front, 0, Suspension::removed);
    EXPECT_TRUE(Front::eventually([&] { return front.metrics.queue_requests.get() == 1; }));
    EXPECT_TRUE(up.ended() || up.reset_by_peer());
    front.serve_from({1});
    Peer again = next.accept();
    again.head();
    again.send(ok_hi);
    EXPECT_THAT(client.read_until("hi"), StartsWith("HTTP/1.1 200 OK"));
}

TEST(WorkerMove, moves_use_up_no_attempt) {
    std::array<Origin, 3> origins;
    FrontSetup setup;
    setup.service.retry.attempts = 2;
    Front front({origins[0].port(), origins[1].port(), origins[2].port()}, setup);
    Peer client = front.client();
    client.send(get);
    Peer first = origins[0].accept();
    first.head();
    suspend(front, 0, Suspension::probe_failed);
    Peer second = origins[1].accept();
    second.head();
    suspend(front, 1, Suspension::probe_failed);
    Peer third = origins[2].accept();
    third.head();
    third.reset();
    Peer again = origins[2].accept();
    again.head();
    again.send(ok_hi);
    EXPECT_THAT(client.read_until("hi"), StartsWith("HTTP/1.1 200 OK"));
}

TEST(WorkerMove, a_post_stays_on_its_suspended_endpoint) {
    Origin frozen;
    Origin other;
    Front front({frozen.port(), other.port()});
    Peer client = front.client();
    client.send(post);
    Peer up = frozen.accept();
    up.read_until("body");
    suspend(front, 0, Suspension::probe_failed);
    front.settle();
    EXPECT_TRUE(other.nobody(10));
    up.send(ok_hi);
    EXPECT_THAT(client.read_until("hi"), StartsWith("HTTP/1.1 200 OK"));
}

// ------------------------------------------------------------------------------- the end of the drain time

TEST(WorkerMove, a_tunnel_lives_to_the_deadline_and_is_recorded_as_cut) {
    Origin leaving;
    Origin other;
    Front front({leaving.port(), other.port()});
    Peer client = front.client();
    client.send(upgrade);
    Peer up = leaving.accept();
    up.head();
    up.send(switching);
    client.head();
    front.serve_from({1});
    client.send("ping");
    EXPECT_EQ(up.read(4), "ping");
    up.send("pong");
    EXPECT_EQ(client.read(4), "pong");
    front.worker().abort_endpoints({front.shared_endpoint(0)});
    EXPECT_TRUE(client.ended() || client.reset_by_peer());
    EXPECT_TRUE(up.ended() || up.reset_by_peer());
    const auto record = only_record(front);
    EXPECT_EQ(record.status, 101);
    EXPECT_EQ(record.outcome, Outcome::cut);
    EXPECT_EQ(record.loss, Loss::response_begun);
}

TEST(WorkerMove, an_event_stream_lives_to_the_deadline) {
    Origin leaving;
    Front front({leaving.port()});
    Peer client = front.client();
    client.send(get);
    Peer up = leaving.accept();
    up.head();
    up.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ndata1\r\n");
    client.read_until("data1\r\n");
    front.serve_from({});
    up.send("5\r\ndata2\r\n");
    client.read_until("data2\r\n");
    front.worker().abort_endpoints({front.shared_endpoint(0)});
    EXPECT_EQ(client.read_all(), "") << "cut, not ended in order";
    EXPECT_EQ(only_record(front).outcome, Outcome::cut);
}

TEST(WorkerMove, a_post_that_waits_is_told_when_the_drain_time_is_over) {
    Origin leaving;
    Front front({leaving.port()});
    Peer client = front.client();
    client.send(post);
    Peer up = leaving.accept();
    up.read_until("body");
    front.serve_from({});
    front.worker().abort_endpoints({front.shared_endpoint(0)});
    EXPECT_EQ(first_line(client.head()), "HTTP/1.1 502 Bad Gateway");
    const auto record = only_record(front);
    EXPECT_EQ(record.loss, Loss::request_sent);
    EXPECT_EQ(record.endpoint, front.endpoint(0).id);
}

// --------------------------------------------------------------------------------------- what is recorded

TEST(WorkerMove, a_part_of_a_head_is_no_answer_yet) {
    Origin first;
    Origin second;
    Front front({first.port(), second.port()});
    Peer client = front.client();
    client.send(get);
    Peer up = first.accept();
    up.head();
    up.send("HTTP/1.1 200 OK\r\nContent-Le");
    up.close();
    Peer other = second.accept();
    other.head();
    other.send(ok_hi);
    EXPECT_THAT(client.read_until("hi"), StartsWith("HTTP/1.1 200 OK"));
    EXPECT_EQ(front.endpoint(0).failures.load(), 1U);
}

TEST(WorkerMove, a_response_that_had_begun_is_recorded_as_such) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send(get);
    Peer up = origin.accept();
    up.head();
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    client.read_until("abc");
    up.reset();
    EXPECT_EQ(client.read_all(), "");
    const auto record = only_record(front);
    EXPECT_EQ(record.loss, Loss::response_begun);
    EXPECT_EQ(record.outcome, Outcome::cut);
    EXPECT_EQ(record.status, 200);
    EXPECT_EQ(front.metrics.lost[static_cast<std::size_t>(Loss::response_begun)].get(), 1U);
}

TEST(WorkerMove, a_body_larger_than_the_buffer_is_recorded_as_such) {
    Origin origin;
    FrontSetup setup;
    setup.service.retry.body_buffer = {3};
    Front front({origin.port()}, setup);
    Peer client = front.client();
    client.send("PUT /p HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
    Peer up = origin.accept();
    up.read_until("body");
    up.close();
    EXPECT_EQ(first_line(client.head()), "HTTP/1.1 502 Bad Gateway");
    EXPECT_EQ(only_record(front).loss, Loss::body_too_large);
}

TEST(WorkerMove, nobody_home_is_recorded_as_such) {
    Origin origin;
    Front front({origin.port()});
    front.serve_from({});
    Peer client = front.client();
    client.send(post);
    EXPECT_THAT(client.head(), HasSubstr("503"));
    const auto record = only_record(front);
    EXPECT_EQ(record.loss, Loss::nobody_home);
    EXPECT_EQ(record.attempts, 0U);
    EXPECT_EQ(record.outcome, Outcome::complete);
}

}  // namespace
}  // namespace cardea::proxy
