// One worker whose service has lost its last endpoint: who waits, how long, in which order, and who is told at once.
#include "tests/support/proxy/front.hpp"
#include "tests/support/proxy/messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace cardea::proxy {
namespace {

using namespace std::chrono_literals;
using support::first_line;
using support::Front;
using support::FrontSetup;
using support::get;
using support::ok_hi;
using support::Origin;
using support::Peer;
using support::post;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string get_of(int number) {
    return "GET /" + std::to_string(number) + " HTTP/1.1\r\nHost: x\r\n\r\n";
}

bool waiting(const Front& front, std::uint64_t requests) {
    return Front::eventually([&] { return front.metrics.queue_requests.get() == requests; });
}

Peer answer(Origin& origin, Peer& client) {
    Peer up = origin.accept();
    up.head();
    up.send(ok_hi);
    EXPECT_THAT(client.read_until("hi"), StartsWith("HTTP/1.1 200 OK"));
    return up;
}

std::string answered_503(Peer& client) {
    const std::string head = client.head();
    EXPECT_EQ(first_line(head), "HTTP/1.1 503 Service Unavailable");
    EXPECT_THAT(head, HasSubstr("\r\nRetry-After: 1\r\n"));
    return head;
}

// ------------------------------------------------------------------------------------------------ who waits

TEST(WorkerQueue, a_get_waits_for_the_endpoint_to_come_back) {
    Origin origin;
    Front front({origin.port()});
    front.serve_from({});
    Peer client = front.client();
    client.send(get);
    ASSERT_TRUE(waiting(front, 1));
    front.advance(1s);
    EXPECT_TRUE(client.silent(0));
    front.serve_from({0});
    answer(origin, client);
    EXPECT_EQ(front.metrics.queue_served.get(), 1U);
    EXPECT_EQ(front.metrics.queue_requests.get(), 0U);
    EXPECT_EQ(front.metrics.queue_bytes.get(), 0U);
    ASSERT_TRUE(Front::eventually([&] { return front.records.all().size() == 1; }));
    EXPECT_EQ(front.records.all()[0].queued_us, 1'000'000U);
    EXPECT_EQ(front.records.all()[0].attempts, 1U);
    EXPECT_EQ(front.records.all()[0].loss, observe::Loss::none);
}

TEST(WorkerQueue, a_post_is_told_at_once) {
    Origin origin;
    Front front({origin.port()});
    front.serve_from({});
    Peer client = front.client();
    client.send(post);
    EXPECT_THAT(answered_503(client), HasSubstr("no_endpoint"));
    EXPECT_EQ(front.metrics.queued.get(), 0U);
}

TEST(WorkerQueue, nobody_waits_where_there_never_was_an_endpoint) {
    Front front({});
    Peer client = front.client();
    client.send(get);
    answered_503(client);
    EXPECT_EQ(front.metrics.queued.get(), 0U);
}

TEST(WorkerQueue, nobody_waits_where_the_queue_is_off) {
    Origin origin;
    FrontSetup setup;
    setup.service.queue.requests = 0;
    Front front({origin.port()}, setup);
    front.serve_from({});
    Peer client = front.client();
    client.send(get);
    EXPECT_THAT(answered_503(client), HasSubstr("no_endpoint"));
}

TEST(WorkerQueue, the_queue_is_open_for_a_while_after_the_loss) {
    Origin origin;
    Front front({origin.port()});
    front.serve_from({});
    front.advance(10s);
    Peer early = front.client();
    early.send(get);
    ASSERT_TRUE(waiting(front, 1));
    front.advance(10ms);
    Peer late = front.client();
    late.send(get);
    EXPECT_THAT(answered_503(late), HasSubstr("no_endpoint"));
    front.serve_from({0});
    answer(origin, early);
    front.serve_from({});
    Peer again = front.client();
    again.send(get);
    EXPECT_TRUE(waiting(front, 1)) << "a new loss, a new while";
}

TEST(WorkerQueue, one_that_died_under_its_last_request_is_waited_for) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send(get);
    Peer up = origin.accept();
    up.head();
    origin.close();
    up.reset();
    ASSERT_TRUE(waiting(front, 1)) << "lost, then refused, then nobody was left";
    EXPECT_EQ(front.endpoint(0).suspension.load(), balance::Suspension::refused);
    Origin next;
    Front other({next.port()});
    client.close();
    EXPECT_TRUE(waiting(front, 0));
}

/// The origin takes the request and breaks the connection, as often as there are attempts.
void break_three(Origin& origin) {
    for (int i = 0; i < 3; ++i) {
        Peer up = origin.accept();
        up.head();
        up.reset();
    }
}

TEST(WorkerQueue, one_that_broke_all_attempts_and_is_found_dead_a_moment_later_is_waited_for) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send(get);
    break_three(origin);
    EXPECT_TRUE(client.silent(20)) << "control has a moment to say what became of the endpoint";
    front.endpoint(0).suspension = balance::Suspension::lost;
    front.advance(10ms);
    ASSERT_TRUE(waiting(front, 1));
    front.endpoint(0).suspension = balance::Suspension::none;
    front.clock.advance(20ms);
    front.worker().move_waiting();
    answer(origin, client);
}

TEST(WorkerQueue, one_that_broke_all_attempts_and_stays_is_a_bad_gateway) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send(get);
    break_three(origin);
    EXPECT_TRUE(client.silent(20));
    front.advance(60ms);
    EXPECT_EQ(first_line(client.head()), "HTTP/1.1 502 Bad Gateway");
    EXPECT_TRUE(origin.nobody(0));
}

TEST(WorkerQueue, an_endpoint_let_in_again_without_a_new_snapshot_is_noticed) {
    Origin origin;
    Front front({origin.port()});
    front.endpoint(0).suspension = balance::Suspension::refused;
    Peer client = front.client();
    client.send(get);
    ASSERT_TRUE(waiting(front, 1));
    front.endpoint(0).suspension = balance::Suspension::none;
    front.clock.advance(20ms);  // more than two ticks of the wheel
    front.worker().move_waiting();
    answer(origin, client);
}

// ------------------------------------------------------------------------------------------------ how long

TEST(WorkerQueue, a_request_waits_no_longer_than_its_time) {
    Origin origin;
    Front front({origin.port()});
    front.serve_from({});
    Peer client = front.client();
    client.send(get);
    ASSERT_TRUE(waiting(front, 1));
    front.advance(1990ms);
    EXPECT_TRUE(client.silent(0));
    front.advance(20ms);
    EXPECT_THAT(answered_503(client), HasSubstr("queue_timeout"));
    EXPECT_EQ(front.metrics.queue_timed_out.get(), 1U);
    client.read_until("\n");
    front.serve_from({0});
    client.send(get);
    answer(origin, client);
}

TEST(WorkerQueue, a_client_that_goes_away_leaves_at_once) {
    Origin origin;
    Front front({origin.port()});
    front.serve_from({});
    Peer closes = front.client();
    Peer resets = front.client();
    closes.send(get);
    resets.send(get);
    ASSERT_TRUE(waiting(front, 2));
    closes.close();
    ASSERT_TRUE(waiting(front, 1));
    resets.reset();
    ASSERT_TRUE(waiting(front, 0));
    EXPECT_EQ(front.metrics.queue_left.get(), 2U);
    front.serve_from({0});
    EXPECT_TRUE(origin.nobody(20));
    EXPECT_TRUE(Front::eventually([&] { return front.shared.connections == 0; }));
}

// ------------------------------------------------------------------------------------------------ how many

TEST(WorkerQueue, no_more_than_the_limit_wait) {
    Origin origin;
    FrontSetup setup;
    setup.service.queue.requests = 2;
    Front front({origin.port()}, setup);
    front.serve_from({});
    std::vector<Peer> in;
    for (int i = 0; i < 2; ++i) {
        in.push_back(front.client());
        in.back().send(get_of(i));
        ASSERT_TRUE(waiting(front, static_cast<std::uint64_t>(i) + 1));
    }
    Peer out = front.client();
    out.send(get);
    EXPECT_THAT(answered_503(out), HasSubstr("queue_full"));
    EXPECT_EQ(front.metrics.queue_full.get(), 1U);
    in[0].close();
    ASSERT_TRUE(waiting(front, 1));
    out.read_until("\n");
    out.send(get);
    EXPECT_TRUE(waiting(front, 2)) << "a place was free again";
}

TEST(WorkerQueue, no_more_bytes_than_the_limit_are_held) {
    Origin origin;
    FrontSetup setup;
    setup.service.queue.bytes = {get.size() + 10};
    Front front({origin.port()}, setup);
    front.serve_from({});
    Peer small = front.client();
    small.send(get);
    ASSERT_TRUE(waiting(front, 1));
    EXPECT_EQ(front.metrics.queue_bytes.get(), get.size());
    Peer large = front.client();
    large.send(get);
    EXPECT_THAT(answered_503(large), HasSubstr("queue_full"));
}

TEST(WorkerQueue, a_large_body_stays_with_its_client_meanwhile) {
    Origin origin;
    FrontSetup setup;
    setup.listener.client.max_body = {64U << 20U};
    Front front({origin.port()}, setup);
    front.serve_from({});
    Peer client = front.client();
    constexpr std::size_t size = std::size_t{24} << 20U;
    client.send("PUT /p HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
    ASSERT_TRUE(waiting(front, 1));
    const std::size_t taken = client.send_until_blocked(size);
    EXPECT_LT(taken, size) << "it is the kernel that holds it, as far as it likes";
    EXPECT_LT(front.metrics.queue_bytes.get(), 200U);
    front.serve_from({0});
    Peer up = origin.accept();
    up.head();
    EXPECT_EQ(up.read(taken).size(), taken);
    for (std::size_t left = size - taken; left > 0;) {
        const std::size_t piece = std::min(left, std::size_t{65536});
        client.send(std::string(piece, 'x'));
        ASSERT_EQ(up.read(piece).size(), piece);
        left -= piece;
    }
    up.send(ok_hi);
    EXPECT_THAT(client.read_until("hi"), StartsWith("HTTP/1.1 200 OK"));
}

// --------------------------------------------------------------------------------------------- which order

TEST(WorkerQueue, requests_are_served_in_the_order_they_came_also_across_a_reload) {
    Origin origin;
    Front front({origin.port()});
    front.serve_from({});
    std::vector<Peer> clients;
    for (int i = 0; i < 12; ++i) {
        clients.push_back(front.client());
        clients.back().send(get_of(i));
        ASSERT_TRUE(waiting(front, static_cast<std::uint64_t>(i) + 1));
        if (i == 5) {
            config::Service other;
            other.timeouts.idle = 7s;
            front.reconfigure(other);
        }
    }
    front.serve_from({0});
    front.advance(8ms);
    std::vector<Peer> ups;
    for (int i = 0; i < 12; ++i) {
        ups.push_back(origin.accept());
        EXPECT_EQ(first_line(ups.back().head()), "GET /" + std::to_string(i) + " HTTP/1.1");
    }
}

TEST(WorkerQueue, who_comes_last_goes_behind_those_who_wait) {
    Origin origin;
    Front front({origin.port()});
    front.endpoint(0).suspension = balance::Suspension::refused;
    std::vector<Peer> clients;
    for (int i = 0; i < 10; ++i) {
        clients.push_back(front.client());
        clients.back().send(get_of(i));
        ASSERT_TRUE(waiting(front, static_cast<std::uint64_t>(i) + 1));
    }
    front.endpoint(0).suspension = balance::Suspension::none;
    front.clock.advance(20ms);  // more than two ticks of the wheel
    front.worker().move_waiting();
    ASSERT_TRUE(waiting(front, 2)) << "a first few are let through";
    clients.push_back(front.client());
    clients.back().send(get_of(10));
    ASSERT_TRUE(waiting(front, 3));
    Peer poster = front.client();
    poster.send(post);
    std::vector<Peer> ups;
    for (int i = 0; i < 8; ++i) {
        ups.push_back(origin.accept());
        EXPECT_EQ(first_line(ups.back().head()), "GET /" + std::to_string(i) + " HTTP/1.1");
    }
    ups.push_back(origin.accept());
    EXPECT_EQ(first_line(ups.back().head()), "POST /p HTTP/1.1") << "who may not wait need not";
    front.clock.advance(20ms);  // more than two ticks of the wheel
    front.worker().move_waiting();
    for (int i = 8; i < 11; ++i) {
        ups.push_back(origin.accept());
        EXPECT_EQ(first_line(ups.back().head()), "GET /" + std::to_string(i) + " HTTP/1.1");
    }
}

TEST(WorkerQueue, who_fails_again_gets_its_place_again) {
    Origin origin;
    Front front({origin.port()});
    front.serve_from({});
    Peer first = front.client();
    first.send(get_of(1));
    ASSERT_TRUE(waiting(front, 1));
    front.clock.advance(10ms);
    front.serve_from({0});
    Peer up = origin.accept();
    up.head();
    front.serve_from({});
    Peer second = front.client();
    second.send(get_of(2));
    ASSERT_TRUE(waiting(front, 1));
    up.reset();
    ASSERT_TRUE(waiting(front, 2));
    front.serve_from({0});
    Peer one = origin.accept();
    EXPECT_EQ(first_line(one.head()), "GET /1 HTTP/1.1");
    Peer two = origin.accept();
    EXPECT_EQ(first_line(two.head()), "GET /2 HTTP/1.1");
}

}  // namespace
}  // namespace cardea::proxy
