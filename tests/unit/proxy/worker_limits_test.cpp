// One worker and what it allows: how many connections, how slow, for how long, and what everybody hears when it is too much.
#include "tests/support/proxy/front.hpp"
#include "tests/support/proxy/messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace cardea::proxy {
namespace {

using namespace std::chrono_literals;
using observe::Limit;
using support::first_line;
using support::Front;
using support::FrontSetup;
using support::get;
using support::ok_hi;
using support::Origin;
using support::Peer;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::uint64_t hits(const Front& front, Limit limit) {
    return front.metrics.limits[static_cast<std::size_t>(limit)].get();
}

/// A request whose answer has begun to reach the origin's side.
Peer open_exchange(Peer& client, Origin& origin, std::string_view request = get) {
    client.send(request);
    Peer up = origin.accept();
    up.head();
    return up;
}

// ------------------------------------------------------------------------------------ a connection's life

TEST(WorkerLimits, the_last_request_of_a_connection_is_answered_in_full_and_says_close) {
    Origin origin;
    FrontSetup setup;
    setup.listener.client.requests_per_connection = 2;
    Front front({origin.port()}, setup);
    Peer client = front.client();
    client.send(std::string(get) + std::string(get) + std::string(get));
    Peer up = origin.accept();
    up.head();
    up.send(ok_hi);
    EXPECT_THAT(client.read_until("hi"), Not(HasSubstr("Connection: close")));
    up.head();
    up.send(ok_hi);
    const std::string second = client.read_all();
    EXPECT_THAT(second, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_THAT(second, EndsWith("\r\n\r\nhi"));
    EXPECT_TRUE(up.silent(20)) << "nothing behind it may be processed";
    EXPECT_EQ(hits(front, Limit::requests_per_connection), 1U);
}

TEST(WorkerLimits, an_old_connection_ends_with_an_answer_never_within_one) {
    Origin origin;
    FrontSetup setup;
    setup.listener.client.connection_age = 1min;
    Front front({origin.port()}, setup);
    Peer client = front.client();
    Peer up = open_exchange(client, origin);
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhe");
    client.read_until("he");
    front.advance(55s);
    up.send("ho");
    EXPECT_EQ(client.read(2), "ho");
    EXPECT_TRUE(Front::eventually([&] { return front.metrics.in_flight.get() == 0; }));
    front.advance(10s);
    EXPECT_TRUE(client.silent(20)) << "an idle connection is not closed for its age: a request may be on its way";
    client.send(get);
    up.head();
    up.send(ok_hi);
    EXPECT_THAT(client.head(), HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_EQ(client.read(2), "hi");
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(hits(front, Limit::connection_age), 1U);
}

TEST(WorkerLimits, a_client_that_has_ended_its_side_is_taken_for_gone_after_a_while) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    Peer up = open_exchange(client, origin);
    client.end_writing();
    EXPECT_TRUE(up.silent(20)) << "the worker has seen it";
    front.advance(4s);
    EXPECT_TRUE(up.silent(20));
    front.advance(2s);
    EXPECT_TRUE(up.ended() || up.reset_by_peer()) << "its endpoint works for nobody";
    EXPECT_EQ(hits(front, Limit::half_close_timeout), 1U);
}

TEST(WorkerLimits, a_client_that_has_ended_its_side_gets_what_comes_in_time) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    Peer up = open_exchange(client, origin);
    client.end_writing();
    EXPECT_TRUE(up.silent(20));
    front.advance(4s);
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh");
    client.read_until("h");
    front.advance(10s);
    up.send("i");
    EXPECT_THAT(client.read_all(), EndsWith("i")) << "an answer that has begun is not hurried";
    EXPECT_EQ(hits(front, Limit::half_close_timeout), 0U);
}

/// A client that has its refusal and goes on sending a body nobody wants.
Peer refused_in_its_body(const Front& front) {
    Peer client = front.client();
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n");
    EXPECT_EQ(first_line(client.head()), "HTTP/1.1 413 Content Too Large");
    return client;
}

TEST(WorkerLimits, a_connection_that_ends_reads_on_for_a_while) {
    FrontSetup setup;
    setup.listener.client.linger_time = 3s;
    Front front({}, setup);
    Peer client = refused_in_its_body(front);
    front.advance(2s);
    client.send("more");
    front.settle();
    EXPECT_EQ(front.metrics.connections_active.get(), 1U);
    front.advance(1100ms);
    EXPECT_TRUE(Front::eventually([&] { return front.metrics.connections_active.get() == 0; }));
    EXPECT_EQ(hits(front, Limit::linger_time), 1U);
    EXPECT_EQ(hits(front, Limit::linger_bytes), 0U);
}

TEST(WorkerLimits, a_connection_that_ends_reads_only_so_much) {
    FrontSetup setup;
    setup.listener.client.linger_bytes = {1000};
    Front front({}, setup);
    Peer client = refused_in_its_body(front);
    client.send(std::string(990, 'm'));
    EXPECT_FALSE(client.reset_by_peer());
    EXPECT_EQ(front.metrics.connections_active.get(), 1U);
    client.send(std::string(10, 'm'));
    EXPECT_TRUE(Front::eventually([&] { return front.metrics.connections_active.get() == 0; }));
    EXPECT_EQ(hits(front, Limit::linger_bytes), 1U);
}

TEST(WorkerLimits, a_client_that_ends_meets_no_limit_of_lingering) {
    Front front({});
    refused_in_its_body(front).close();
    EXPECT_TRUE(Front::eventually([&] { return front.metrics.connections_active.get() == 0; }));
    EXPECT_EQ(hits(front, Limit::linger_time) + hits(front, Limit::linger_bytes), 0U);
}

TEST(WorkerLimits, loopback_has_no_limit_of_its_own) {
    Origin origin;
    FrontSetup setup;
    setup.listener.client.max_connections = 1;
    Front front({origin.port()}, setup);
    std::vector<Peer> clients;
    for (int i = 0; i < 3; ++i) {
        clients.push_back(front.client());
        clients.back().send("GET / HTTP/1.1\r\n\r\n");
        EXPECT_EQ(first_line(clients.back().head()), "HTTP/1.1 400 Bad Request");
    }
    EXPECT_EQ(front.shared.clients.addresses(), 0U);
}

TEST(WorkerLimits, silence_is_counted_by_what_was_waited_for) {
    Origin origin;
    Front front({origin.port()});
    Peer fresh = front.client();
    Peer half = front.client();
    half.send("GET / HT");
    Peer kept = front.client();
    Peer up = open_exchange(kept, origin);
    up.send(ok_hi);
    kept.read_until("hi");
    EXPECT_TRUE(Front::eventually([&] { return front.metrics.reading.get() == 1 && front.metrics.connections_idle.get() == 2; }));
    front.advance(10010ms);
    EXPECT_TRUE(fresh.ended());
    EXPECT_EQ(first_line(half.head()), "HTTP/1.1 408 Request Timeout");
    front.advance(65s);
    EXPECT_TRUE(kept.ended());
    EXPECT_EQ(hits(front, Limit::first_byte_timeout), 1U);
    EXPECT_EQ(hits(front, Limit::header_timeout), 1U);
    EXPECT_EQ(hits(front, Limit::idle_timeout), 1U);
}

// ------------------------------------------------------------------------------------- too much at a time

TEST(WorkerLimits, a_service_that_does_not_answer_lets_no_more_wait_than_its_limit) {
    Origin origin;
    FrontSetup setup;
    setup.service.max_pending = 2;
    Front front({origin.port()}, setup);
    Peer first = front.client();
    Peer second = front.client();
    Peer up = open_exchange(first, origin);
    Peer other_up = open_exchange(second, origin);
    Peer third = front.client();
    third.send(get);
    const std::string head = third.head();
    EXPECT_EQ(first_line(head), "HTTP/1.1 503 Service Unavailable");
    EXPECT_THAT(head, HasSubstr("\r\nRetry-After: 1\r\n"));
    EXPECT_THAT(head, HasSubstr("\r\nX-Cardea-Reason: too_many_pending\r\n"));
    EXPECT_THAT(head, Not(HasSubstr("Connection: close")));
    EXPECT_EQ(hits(front, Limit::max_pending), 1U);
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(first_line(first.head()), "HTTP/1.1 200 OK") << "an answer that has begun is not waited for any more";
    Peer fourth = front.client();
    fourth.send(get);
    Peer last_up = origin.accept();
    EXPECT_EQ(first_line(last_up.head()), "GET /a HTTP/1.1");
    second.close();
    up.send("hi");
    last_up.send(ok_hi);
    EXPECT_THAT(fourth.read_until("hi"), StartsWith("HTTP/1.1 200 OK"));
}

TEST(WorkerLimits, while_too_much_is_held_in_memory_those_that_have_begun_go_on_and_others_are_refused) {
    Origin origin;
    FrontSetup setup;
    Front front({origin.port()}, setup);
    Peer first = front.client();
    Peer kept = front.client();
    Peer up = open_exchange(kept, origin);
    up.send(ok_hi);
    kept.read_until("hi");
    front.shared.max_buffered = 100;
    first.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo");
    EXPECT_EQ(first_line(up.head()), "PUT / HTTP/1.1");
    EXPECT_TRUE(Front::eventually([&] { return front.metrics.buffered.get() > 100; }));
    front.advance(10ms);
    kept.send(get);
    const std::string head = kept.head();
    EXPECT_EQ(first_line(head), "HTTP/1.1 503 Service Unavailable");
    EXPECT_THAT(head, HasSubstr("\r\nX-Cardea-Reason: overloaded\r\n"));
    EXPECT_THAT(head, HasSubstr("\r\nRetry-After: 1\r\n"));
    EXPECT_THAT(head, Not(HasSubstr("Connection: close")));
    EXPECT_EQ(hits(front, Limit::max_buffered), 1U);
    first.send("dy");
    up.read(4);
    up.send(ok_hi);
    EXPECT_THAT(first.read_until("hi"), StartsWith("HTTP/1.1 200 OK"));
    EXPECT_TRUE(Front::eventually([&] { return front.metrics.buffered.get() == 0; }));
    front.advance(10ms);
    kept.send(get);
    EXPECT_EQ(first_line(up.head()), "GET /a HTTP/1.1");
}

// ------------------------------------------------------------------------------------------------- bodies

TEST(WorkerLimits, a_body_that_trickles_is_cut_and_blames_nobody) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    Peer up = open_exchange(client, origin, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
    int seconds = 0;
    while (hits(front, Limit::body_rate) == 0 && seconds < 15) {
        client.send("x");
        up.read(1);
        front.advance(1s);
        ++seconds;
    }
    EXPECT_GE(seconds, 11);
    EXPECT_LE(seconds, 12);
    EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 408 Request Timeout"));
    EXPECT_TRUE(up.ended());
    EXPECT_EQ(front.endpoint(0).failures.load(), 0U);
    EXPECT_THAT(front.sightings.all(), IsEmpty());
}

TEST(WorkerLimits, a_slow_but_steady_body_arrives) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    Peer up = open_exchange(client, origin, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n");
    for (int second = 0; second < 60; ++second) {
        client.send(std::string(1000, 'x'));
        EXPECT_EQ(up.read(1000).size(), 1000U);
        front.advance(1s);
    }
    up.send(ok_hi);
    EXPECT_THAT(client.read_until("hi"), StartsWith("HTTP/1.1 200 OK"));
}

TEST(WorkerLimits, an_endpoint_that_does_not_read_is_not_the_clients_slowness) {
    Origin origin;
    FrontSetup setup;
    setup.listener.client.max_body.count = 100'000'000;
    setup.service.timeouts.first_byte = 10min;
    Front front({origin.port()}, setup);
    Peer client = front.client();
    Peer up = open_exchange(client, origin, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n");
    client.send_until_blocked(100'000'000);
    front.advance(2min);
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    EXPECT_EQ(first_line(client.head()), "HTTP/1.1 200 OK");
    EXPECT_EQ(hits(front, Limit::body_rate) + hits(front, Limit::body_timeout), 0U);
}

TEST(WorkerLimits, a_body_that_stops_is_cut_after_the_longest_gap) {
    Origin origin;
    FrontSetup setup;
    setup.listener.client.min_rate.count = 0;
    Front front({origin.port()}, setup);
    Peer client = front.client();
    Peer up = open_exchange(client, origin, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n");
    client.send("x");
    up.read(1);
    front.advance(19s);
    EXPECT_TRUE(client.silent(10));
    front.advance(1010ms);
    EXPECT_EQ(first_line(client.head()), "HTTP/1.1 408 Request Timeout");
    EXPECT_EQ(hits(front, Limit::body_timeout), 1U);
}

// -------------------------------------------------------------------------------------------- slow readers

/// An answer that the client does not read; the origin's end of it.
Peer stalled_answer(Peer& client, Origin& origin, Front& front) {
    Peer up = open_exchange(client, origin);
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
    client.head();
    up.send_until_blocked(100'000'000);
    front.settle();
    return up;
}

TEST(WorkerLimits, a_reader_that_takes_nothing_is_cut_and_blames_nobody) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client(4096);
    Peer up = stalled_answer(client, origin, front);
    front.advance(19s);
    EXPECT_EQ(hits(front, Limit::write_timeout), 0U);
    front.advance(21s);  // the kernel may have got rid of some in the first look
    front.advance(21s);
    EXPECT_EQ(hits(front, Limit::write_timeout) + hits(front, Limit::write_rate), 1U);
    EXPECT_TRUE(client.reset_by_peer()) << "an orderly end could be taken for the end of the answer";
    EXPECT_EQ(front.endpoint(0).failures.load(), 0U);
    EXPECT_THAT(front.sightings.all(), IsEmpty());
}

TEST(WorkerLimits, a_reader_that_takes_too_little_is_cut) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client(4096);
    Peer up = stalled_answer(client, origin, front);
    int rounds = 0;
    while (hits(front, Limit::write_rate) + hits(front, Limit::write_timeout) == 0 && rounds < 20) {
        client.read(3000);
        front.advance(15s);
        ++rounds;
    }
    EXPECT_LT(rounds, 10) << "200 bytes a second are too few";
}

TEST(WorkerLimits, a_slow_reader_that_keeps_up_is_served) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client(4096);
    Peer up = stalled_answer(client, origin, front);
    for (int round = 0; round < 20; ++round) {
        ASSERT_EQ(client.read(50'000).size(), 50'000U) << round;
        front.advance(15s);
    }
    EXPECT_EQ(hits(front, Limit::write_rate) + hits(front, Limit::write_timeout), 0U);
}

}  // namespace
}  // namespace cardea::proxy
