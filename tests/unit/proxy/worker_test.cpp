// One worker over loopback sockets, step by step: what a client and an origin see of each other through it.
#include "proxy/http1/serializer.hpp"
#include "tests/support/proxy/front.hpp"
#include "tests/support/proxy/messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <thread>

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
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// Plays one exchange through and gives back the origin's end of the connection.
Peer warm_up(Peer& client, Origin& origin) {
    client.send(get);
    Peer up = origin.accept();
    up.head();
    up.send(ok_hi);
    client.read_until("hi");
    return up;
}

std::string chunk(std::string_view payload) {
    std::array<char, 20> room{};
    return std::string(http1::chunk_header(payload.size(), room)) + std::string(payload) + "\r\n";
}

/// The payload of a chunked body as received.
std::string read_chunked(Peer& from) {
    std::string payload;
    for (;;) {
        const std::string size = from.read_until("\r\n");
        const std::size_t count = std::strtoul(size.c_str(), nullptr, 16);
        payload += from.read(count);
        from.read_until("\r\n");
        if (count == 0 || size.empty()) {
            return payload;
        }
    }
}

// ----------------------------------------------------------------------------------------- the good path

TEST(Worker, forwards_a_request_and_its_response) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send(get);
    Peer up = origin.accept();
    const std::string head = up.head();
    EXPECT_EQ(first_line(head), "GET /a HTTP/1.1");
    EXPECT_THAT(head, HasSubstr("\r\nHost: x\r\n"));
    EXPECT_THAT(head, HasSubstr("\r\nX-Forwarded-For: 127.0.0.1\r\n"));
    up.send(ok_hi);
    EXPECT_EQ(first_line(client.head()), "HTTP/1.1 200 OK");
    EXPECT_EQ(client.read(2), "hi");
}

TEST(Worker, reuses_both_connections) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    Peer up = warm_up(client, origin);
    for (int i = 0; i < 3; ++i) {
        client.send(get);
        up.head();
        up.send(ok_hi);
        EXPECT_THAT(client.read_until("hi"), EndsWith("\r\n\r\nhi"));
    }
    EXPECT_TRUE(origin.nobody(0));
    EXPECT_TRUE(Front::eventually([&] { return front.endpoint(0).in_flight == 0; }));
    EXPECT_EQ(front.metrics.upstream_connects.get(), 1U);
    EXPECT_EQ(front.metrics.upstream_reuses.get(), 3U);
}

TEST(Worker, answers_pipelined_requests_in_order) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send(
        "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /3 HTTP/1.1\r\nHost: x\r\n\r\n");
    Peer up = origin.accept();
    EXPECT_EQ(first_line(up.head()), "GET /1 HTTP/1.1");
    EXPECT_TRUE(up.silent(20)) << "the second request must wait for the first answer";
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
    EXPECT_EQ(first_line(up.head()), "POST /2 HTTP/1.1");
    EXPECT_EQ(up.read(3), "abc");
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2");
    EXPECT_EQ(first_line(up.head()), "GET /3 HTTP/1.1");
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n3");
    for (const char* body : {"1", "2", "3"}) {
        client.head();
        EXPECT_EQ(client.read(1), body);
    }
}

TEST(Worker, spreads_over_its_endpoints_exactly) {
    std::array<Origin, 3> origins;
    Front front({origins[0].port(), origins[1].port(), origins[2].port()});
    Peer client = front.client();
    std::vector<Peer> ups;
    for (auto& origin : origins) {
        ups.push_back(warm_up(client, origin));
    }
    for (int i = 0; i < 6; ++i) {
        client.send(get);
        Peer& up = ups[static_cast<std::size_t>(i) % 3];
        EXPECT_EQ(first_line(up.head()), "GET /a HTTP/1.1");
        up.send(ok_hi);
        client.read_until("hi");
    }
}

TEST(Worker, reads_a_head_that_comes_byte_by_byte) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    for (const char c : get) {
        client.send({&c, 1});
        front.settle();
    }
    Peer up = origin.accept();
    EXPECT_EQ(first_line(up.head()), "GET /a HTTP/1.1");
    for (const char c : ok_hi) {
        up.send({&c, 1});
        front.settle();
    }
    EXPECT_THAT(client.read_until("hi"), EndsWith("\r\n\r\nhi"));
}

TEST(Worker, closes_when_the_client_asks) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    Peer up = origin.accept();
    up.head();
    up.send(ok_hi);
    EXPECT_THAT(client.head(), HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_EQ(client.read(2), "hi");
    EXPECT_TRUE(client.ended());
}

TEST(Worker, serves_a_client_that_ends_its_direction_after_the_request) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send(get);
    client.end_writing();
    Peer up = origin.accept();
    up.head();
    up.send(ok_hi);
    EXPECT_THAT(client.read_all(), EndsWith("\r\n\r\nhi"));
}

// ------------------------------------------------------------------------------------------------ bodies

TEST(Worker, frames_chunks_anew_in_both_directions) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=\"1\"\r\nabc\r\n");
    Peer up = origin.accept();
    EXPECT_THAT(up.head(), HasSubstr("\r\nTransfer-Encoding: chunked\r\n"));
    EXPECT_EQ(up.read(8), "3\r\nabc\r\n");
    client.send("1\r\nd\r\n2\r\nef\r\n0\r\nX-Sum: 6\r\n\r\n");
    EXPECT_EQ(up.read_until("\r\n\r\n"), "3\r\ndef\r\n0\r\nX-Sum: 6\r\n\r\n");
    up.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk("one") + chunk("two") + "0\r\nX-T: 1\r\n\r\n");
    EXPECT_THAT(client.head(), HasSubstr("\r\nTransfer-Encoding: chunked\r\n"));
    EXPECT_EQ(client.read_until("\r\n\r\n"), "6\r\nonetwo\r\n0\r\nX-T: 1\r\n\r\n");
    client.send(get);
    EXPECT_EQ(first_line(up.head()), "GET /a HTTP/1.1") << "both connections must go on";
}

TEST(Worker, carries_large_bodies_both_ways_unchanged) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    std::string body(3'000'000, '\0');
    for (std::size_t i = 0; i < body.size(); ++i) {
        body[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
    }
    std::thread writer([&] { client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n" + body); });
    Peer up = origin.accept();
    up.head();
    EXPECT_EQ(up.read(body.size()), body);
    writer.join();
    std::string answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (std::size_t at = 0, size = 1; at < body.size(); at += size, size = size * 3 % 70'001 + 1) {
        answer += chunk(std::string_view(body).substr(at, size));
    }
    answer += "0\r\n\r\n";
    std::thread origin_writer([&] { up.send(answer); });
    client.head();
    EXPECT_EQ(read_chunked(client), body);
    origin_writer.join();
}

TEST(Worker, sends_nobody_what_belongs_to_another_client) {
    Origin origin;
    Front front({origin.port()});
    Peer listener = front.client();
    listener.send(get);
    Peer events = origin.accept();
    events.head();
    events.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk("one"));
    listener.head();
    EXPECT_EQ(listener.read_until("one\r\n"), chunk("one"));
    Peer other = front.client();
    other.send("POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nsecret");
    Peer up = origin.accept();
    up.head();
    EXPECT_EQ(up.read(6), "secret");  // and no answer yet: the request was the last thing this worker sent
    events.send(chunk("two"));
    EXPECT_EQ(listener.read_until("two\r\n"), chunk("two"));
}

TEST(Worker, gives_an_http_1_0_client_a_body_until_close) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send("GET / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n");
    Peer up = origin.accept();
    up.head();
    up.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk("one") + chunk("two") + "0\r\n\r\n");
    EXPECT_THAT(client.head(), HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_EQ(client.read_all(), "onetwo");
}

TEST(Worker, turns_a_close_delimited_answer_into_chunks) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send(get);
    Peer up = origin.accept();
    up.head();
    up.send("HTTP/1.0 200 OK\r\n\r\nabc");
    EXPECT_THAT(client.head(), HasSubstr("\r\nTransfer-Encoding: chunked\r\n"));
    EXPECT_EQ(client.read(8), "3\r\nabc\r\n") << "what is there must not wait for the end";
    up.send("de");
    up.close();
    EXPECT_EQ(client.read_until("0\r\n\r\n"), "2\r\nde\r\n0\r\n\r\n");
    client.send(get);
    origin.accept();
}

TEST(Worker, answers_to_head_and_without_content_carry_no_body) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    Peer up = origin.accept();
    up.head();
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
    EXPECT_THAT(client.head(), HasSubstr("\r\nContent-Length: 5000\r\n"));
    for (const char* status : {"204 No Content", "304 Not Modified"}) {
        client.send(get);
        up.head();
        up.send("HTTP/1.1 " + std::string(status) + "\r\n\r\n");
        EXPECT_THAT(client.head(), StartsWith("HTTP/1.1 " + std::string(status)));
    }
    client.send(get);
    EXPECT_EQ(first_line(up.head()), "GET /a HTTP/1.1");
}

TEST(Worker, drops_a_connection_that_sent_more_than_its_answer) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send(get);
    Peer up = origin.accept();
    up.head();
    up.send(std::string(ok_hi) + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    EXPECT_THAT(client.read_until("hi"), EndsWith("hi"));
    client.send(get);
    Peer second = origin.accept();
    second.head();
    second.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood");
    client.head();
    EXPECT_EQ(client.read(4), "good");
}

TEST(Worker, streams_events_as_they_come) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send(get);
    Peer up = origin.accept();
    up.head();
    up.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.head();
    for (int i = 0; i < 3; ++i) {
        up.send(chunk("data: x\n\n"));
        EXPECT_EQ(client.read_until("\n\n\r\n"), "9\r\ndata: x\n\n\r\n");
        front.advance(10min);  // silence between events is no fault
    }
}

TEST(Worker, never_passes_a_cut_body_off_as_complete) {
    Origin origin;
    Front front({origin.port()});
    for (const std::string answer :
         {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"}) {
        Peer client = front.client();
        client.send(get);
        Peer up = origin.accept();
        up.head();
        up.send(answer);
        client.head();
        client.read_until("abc");
        up.close();
        const std::string rest = client.read_all();
        EXPECT_THAT(rest, Not(HasSubstr("0\r\n\r\n")));
    }
    Peer old = front.client();
    old.send("GET / HTTP/1.0\r\n\r\n");
    Peer up = origin.accept();
    up.head();
    up.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc");
    old.read_until("abc");
    up.close();
    EXPECT_TRUE(old.reset_by_peer()) << "an end without length and chunks would look complete";
}

TEST(Worker, holds_little_for_a_client_that_does_not_read) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client(4096);
    client.send(get);
    Peer up = origin.accept();
    up.head();
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
    client.head();
    const std::size_t taken = up.send_until_blocked(100'000'000);
    EXPECT_LT(taken, 24'000'000U) << "kernel buffers aside nothing may pile up";
    const std::string sample = client.read(200'000);
    EXPECT_EQ(sample.size(), 200'000U);
}

// ------------------------------------------------------------------------------- interim answers, upgrade

TEST(Worker, passes_expect_and_continue_on) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    Peer up = origin.accept();
    EXPECT_THAT(up.head(), HasSubstr("\r\nExpect: 100-continue\r\n"));
    EXPECT_TRUE(client.silent(0));
    up.send("HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(first_line(client.head()), "HTTP/1.1 100 Continue");
    client.send("abc");
    EXPECT_EQ(up.read(3), "abc");
    up.send(ok_hi);
    EXPECT_THAT(client.read_until("hi"), StartsWith("HTTP/1.1 200 OK"));
}

TEST(Worker, says_continue_itself_to_an_origin_that_ignores_expect) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    Peer up = origin.accept();
    up.head();
    front.advance(1010ms);
    EXPECT_EQ(first_line(client.head()), "HTTP/1.1 100 Continue");
    client.send("abc");
    EXPECT_EQ(up.read(3), "abc");
    EXPECT_EQ(front.metrics.limits[static_cast<std::size_t>(observe::Limit::continue_timeout)].get(), 1U);
}

TEST(Worker, an_origin_may_be_given_longer_to_say_continue) {
    Origin origin;
    FrontSetup setup;
    setup.service.timeouts.expect_continue = 5s;
    Front front({origin.port()}, setup);
    Peer client = front.client();
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    Peer up = origin.accept();
    up.head();
    front.advance(4900ms);
    EXPECT_TRUE(client.silent(0));
    front.advance(110ms);
    EXPECT_EQ(first_line(client.head()), "HTTP/1.1 100 Continue");
}

TEST(Worker, a_final_answer_to_expect_ends_the_connection_without_the_body) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    Peer up = origin.accept();
    up.head();
    up.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    const std::string head = client.head();
    EXPECT_EQ(first_line(head), "HTTP/1.1 403 Forbidden");
    EXPECT_THAT(head, HasSubstr("Connection: close"));
    EXPECT_TRUE(client.ended());
}

TEST(Worker, passes_early_hints_on_but_not_to_http_1_0) {
    Origin origin;
    Front front({origin.port()});
    const std::string answer = "HTTP/1.1 103 Early Hints\r\nLink: </s.css>\r\n\r\n" + std::string(ok_hi);
    Peer client = front.client();
    client.send(get);
    Peer up = origin.accept();
    up.head();
    up.send(answer);
    EXPECT_THAT(client.head(), StartsWith("HTTP/1.1 103 Early Hints\r\nLink: </s.css>"));
    EXPECT_THAT(client.read_until("hi"), StartsWith("HTTP/1.1 200 OK"));
    Peer old = front.client();
    old.send("GET / HTTP/1.0\r\n\r\n");
    up.head();
    up.send(answer);
    EXPECT_THAT(old.read_all(), StartsWith("HTTP/1.1 200 OK"));
}

TEST(Worker, a_flood_of_interim_answers_is_a_bad_gateway) {
    Origin origin;
    FrontSetup setup;
    Front front({origin.port()}, setup);
    Peer client = front.client();
    client.send(get);
    Peer up = origin.accept();
    up.head();
    std::string flood;
    for (int i = 0; i < 33; ++i) {
        flood += "HTTP/1.1 102 Processing\r\n\r\n";
    }
    up.send(flood);
    for (int i = 0; i < 32; ++i) {
        EXPECT_EQ(first_line(client.head()), "HTTP/1.1 102 Processing");
    }
    EXPECT_EQ(first_line(client.head()), "HTTP/1.1 502 Bad Gateway");
}

TEST(Worker, tunnels_after_a_switch_of_protocols) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send("GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    Peer up = origin.accept();
    EXPECT_THAT(up.head(), HasSubstr("\r\nUpgrade: websocket\r\n"));
    up.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello");
    EXPECT_THAT(client.head(), HasSubstr("\r\nUpgrade: websocket\r\n"));
    EXPECT_EQ(client.read(5), "hello");
    client.send("ping");
    EXPECT_EQ(up.read(4), "ping");
    front.advance(59min);
    up.send("pong");
    EXPECT_EQ(client.read(4), "pong");
    client.end_writing();
    EXPECT_TRUE(up.ended());
    up.send("last words");
    up.close();
    EXPECT_EQ(client.read_all(), "last words");
}

TEST(Worker, an_idle_tunnel_ends_after_its_time) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send("GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    Peer up = origin.accept();
    up.head();
    up.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    client.head();
    EXPECT_TRUE(Front::eventually([&] { return front.metrics.tunnels.get() == 1; }));
    front.advance(61min);
    EXPECT_TRUE(client.ended());
    EXPECT_TRUE(up.ended());
}

TEST(Worker, a_switch_that_nobody_asked_for_is_a_bad_gateway) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send(get);
    Peer up = origin.accept();
    up.head();
    up.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    const std::string head = client.head();
    EXPECT_EQ(first_line(head), "HTTP/1.1 502 Bad Gateway");
    EXPECT_THAT(head, HasSubstr("X-Cardea-Reason: upstream_malformed"));
}

}  // namespace
}  // namespace cardea::proxy
