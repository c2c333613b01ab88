// What one client may hold of the worker's memory by not taking what is sent to it, whatever it and an endpoint do together.
#include "tests/support/proxy/front.hpp"
#include "tests/support/proxy/messages.hpp"

#include <gtest/gtest.h>

namespace cardea::proxy {
namespace {

using support::Front;
using support::FrontSetup;
using support::get;
using support::Origin;
using support::Peer;

constexpr std::uint64_t window = std::uint64_t{64} * 1024;
constexpr std::size_t plenty = 200'000'000;
constexpr std::string_view switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";

/// A request with `padding` bytes of fields.
std::string request_of(std::size_t padding, std::string_view more = {}) {
    std::string head = "GET /a HTTP/1.1\r\nHost: x\r\n" + std::string(more);
    for (; padding > 15'000; padding -= 15'000) {
        head += "User-Agent: " + std::string(15'000, 'u') + "\r\n";
    }
    return head + "X-Padding: " + std::string(padding, 'p') + "\r\n\r\n";
}

/// The origin says `again` over and over to a client that reads nothing, behind `first`; what is held then.
std::uint64_t held_of(FrontSetup setup, const std::string& request, std::string_view first, const std::string& again) {
    Origin origin;
    Front front({origin.port()}, std::move(setup));
    Peer client = front.client(4096);
    client.send(request);
    Peer up = origin.accept();
    up.head();
    up.send(first);
    EXPECT_LT(up.send_until_blocked(plenty, again), plenty) << "it must be the client that is waited for";
    front.settle();
    EXPECT_GT(front.metrics.buffered.get(), 0U);
    return front.metrics.buffered.get();
}

FrontSetup many_interim() {
    FrontSetup setup;
    setup.service.response.max_interim = 60'000;
    return setup;
}

std::string interim_of(std::size_t size) {
    std::string head = "HTTP/1.1 103 Early Hints\r\n";
    while (head.size() < size) {
        head += "Link: " + std::string(900, 'l') + "\r\n";
    }
    return head + "\r\n";
}

class WorkerWindow : public ::testing::TestWithParam<std::size_t> {};

TEST_P(WorkerWindow, interim_heads_of_any_size) {
    EXPECT_LE(held_of(many_interim(), std::string(get), "", interim_of(GetParam())), window);
}

TEST_P(WorkerWindow, interim_heads_for_a_client_that_has_said_all_it_may) {
    const std::string request = request_of(31'000) + request_of(12'000) + request_of(12'000);
    EXPECT_LE(held_of(many_interim(), request, "", interim_of(GetParam())), window);
}

TEST_P(WorkerWindow, a_body_for_a_client_that_has_said_a_lot) {
    const std::string request = request_of(GetParam()) + request_of(15'000);
    EXPECT_LE(held_of({}, request, "HTTP/1.1 200 OK\r\n\r\n", std::string(1000, 'b')), window);
}

TEST_P(WorkerWindow, small_chunks) {
    const std::string request = request_of(GetParam()) + request_of(15'000);
    EXPECT_LE(held_of({}, request, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nc\r\n"), window);
}

INSTANTIATE_TEST_SUITE_P(Sizes, WorkerWindow, ::testing::Values(1'000, 31'000));

/// An upload that the endpoint does not take, and an answer that the client does not take; which of them is first, and what the
/// first bytes of either are, is for the test.
struct BothWays {
    std::string request_head, request_body, answer_head, answer_body;
    bool answer_first{false};
};

std::uint64_t held_both_ways(const BothWays& they) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client(4096);
    client.send(they.request_head);
    Peer up = origin.accept();
    up.receive_at_most(4096);
    const auto upload = [&] { EXPECT_LT(client.send_until_blocked(plenty, they.request_body), plenty); };
    if (!they.answer_first) {
        upload();
        front.settle();
        EXPECT_GT(front.metrics.buffered.get(), 0U);
        EXPECT_LE(front.metrics.buffered.get(), window) << "of the upload alone";
    }
    up.send(they.answer_head);
    EXPECT_LT(up.send_until_blocked(plenty, they.answer_body), plenty);
    if (they.answer_first) {
        upload();
    }
    front.settle();
    return front.metrics.buffered.get();
}

BothWays both_ways_of(std::size_t request_head, std::size_t answer_head) {
    BothWays they;
    they.request_head = request_of(request_head, "Content-Length: 120000000\r\n");
    they.request_head.replace(0, 3, "POST");
    they.request_body = std::string(1000, 'u');
    they.answer_head = "HTTP/1.1 200 OK\r\nX-Padding: " + std::string(answer_head, 'p') + "\r\n\r\n";
    they.answer_body = std::string(1000, 'b');
    return they;
}

BothWays in_chunks(BothWays they, const std::string& size, std::size_t payload) {
    they.request_head.replace(they.request_head.find("Content-Length: 120000000"), 25, "Transfer-Encoding: chunked");
    they.request_body = size + "\r\n" + std::string(payload, 'u') + "\r\n";
    return they;
}

TEST_P(WorkerWindow, an_upload_beside_its_answer_that_nobody_takes) {
    BothWays they = both_ways_of(31'000, GetParam());
    EXPECT_LE(held_both_ways(they), window);
    they.answer_first = true;
    EXPECT_LE(held_both_ways(they), window) << "the answer first";
}

TEST_P(WorkerWindow, an_upload_in_chunks_beside_its_answer_that_nobody_takes) {
    const BothWays they = both_ways_of(31'000, GetParam());
    EXPECT_LE(held_both_ways(GetParam() < 2'000 ? in_chunks(they, "1", 1) : in_chunks(they, "7d0", 2'000)), window);
}

/// What follows a body in chunks may come with it, and waits for its turn beside the answer.
TEST_P(WorkerWindow, requests_behind_a_body_in_chunks) {
    const BothWays they = in_chunks(both_ways_of(31'000, GetParam()), "7d0", 2000);
    const std::string body = they.request_body + "0\r\n\r\n";
    EXPECT_LE(held_of({}, they.request_head + body + request_of(15'000) + request_of(15'000), they.answer_head, they.answer_body), window);
}

TEST(WorkerWindow, a_tunnel_whose_sides_both_take_nothing) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client(4096);
    client.send(request_of(31'000, "Connection: Upgrade\r\nUpgrade: echo\r\n"));
    Peer up = origin.accept();
    up.head();
    up.send(switching);
    client.head();
    EXPECT_LT(up.send_until_blocked(plenty), plenty);
    EXPECT_LT(client.send_until_blocked(plenty), plenty);
    front.settle();
    EXPECT_LE(front.metrics.buffered.get(), window);
}

/// An answer of our own is the configuration's: nothing of it is held twice.
TEST(WorkerWindow, an_answer_of_our_own_is_not_copied_and_arrives_whole) {
    FrontSetup setup;
    setup.routes.emplace_back();
    std::string body;
    while (body.size() < 8'000'000) {
        body += std::to_string(body.size()) + ' ';
    }
    setup.routes.back().action = config::Respond{.body = body};
    Front front({}, setup);
    Peer client = front.client(4096);
    client.send(get);
    const std::string head = client.head();
    front.settle();
    EXPECT_GT(front.metrics.buffered.get(), 0U) << "it is not all sent";
    EXPECT_LE(front.metrics.buffered.get(), 8192U);
    EXPECT_EQ(client.read(body.size()), body);
    client.send(get);
    EXPECT_EQ(client.head(), head);
}

/// The name a log and a tunnel still need of a head that is let go.
TEST(WorkerWindow, what_the_log_wants_of_a_large_head_outlives_it) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client(4096);
    client.send(request_of(20'000));
    Peer up = origin.accept();
    up.head();
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n");
    up.send_until_blocked(50'000'000);
    client.close();
    ASSERT_TRUE(Front::eventually([&] { return front.records.all().size() == 1; }));
    const auto record = front.records.all().front();
    EXPECT_EQ(record.request_line, "GET /a HTTP/1.1");
    EXPECT_EQ(record.host, "x");
    EXPECT_EQ(record.request_id.size(), 32U);
}

}  // namespace
}  // namespace cardea::proxy
