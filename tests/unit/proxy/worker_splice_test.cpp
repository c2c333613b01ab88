// One worker and answers that pass through a pipe.
#include "tests/support/proxy/front.hpp"
#include "tests/support/proxy/messages.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <thread>

namespace cardea::proxy {
namespace {

using namespace std::chrono_literals;
using support::Front;
using support::Origin;
using support::Peer;

constexpr std::size_t large = 3'000'000;

/// No two stretches of it are alike.
std::string large_body() {
    std::string body(large, ' ');
    std::uint32_t number = 1;
    for (char& c : body) {
        number = number * 1'664'525U + 1'013'904'223U;
        c = static_cast<char>('a' + (number >> 24U) % 26);
    }
    return body;
}

std::string announced(std::size_t length) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

/// A worker with so many pipes, one client and its endpoint.
class WorkerSplice : public ::testing::Test {
protected:
    void allow(std::uint32_t pipes) { front_.shared.pipes.most = pipes; }
    /// The client's request has reached the endpoint.
    Peer ask() {
        client_.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
        Peer up = origin_.accept();
        up.head();
        return up;
    }
    [[nodiscard]] std::uint64_t without_a_pipe() const {
        return front_.metrics.limits[static_cast<std::size_t>(observe::Limit::max_pipes)].get();
    }

    Origin origin_;
    Front front_{{origin_.port()}};
    Peer client_{front_.client()};
};

TEST_F(WorkerSplice, a_large_answer_goes_by_and_both_connections_stay) {
    allow(2);
    Peer up = ask();
    const std::string body = large_body();
    for (int round = 0; round < 3; ++round) {
        std::thread sender([&] { up.send(announced(large) + body); });
        client_.head();
        EXPECT_TRUE(client_.read(large) == body) << round;
        sender.join();
        client_.send("GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
        up.head();
    }
    EXPECT_EQ(front_.shared.pipes.made.load(), 1U);
    EXPECT_EQ(without_a_pipe(), 0U);
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    EXPECT_NE(client_.read_until("hi").find("200"), std::string::npos);
    EXPECT_GT(front_.metrics.bytes_sent.get(), 3 * large);
}

TEST_F(WorkerSplice, without_a_pipe_it_is_copied) {
    allow(1);
    front_.shared.pipes.made = 1;  // another worker has it
    Peer up = ask();
    const std::string body = large_body();
    std::thread sender([&] { up.send(announced(large) + body); });
    client_.head();
    EXPECT_TRUE(client_.read(large) == body);
    sender.join();
    EXPECT_EQ(without_a_pipe(), 1U);
    EXPECT_EQ(front_.shared.pipes.made.load(), 1U);
}

TEST_F(WorkerSplice, a_client_that_pauses_misses_nothing) {
    allow(2);
    Peer up = ask();
    const std::string body = large_body();
    std::thread sender([&] { up.send(announced(large) + body); });
    client_.head();
    std::string got = client_.read(1000);
    front_.settle();  // the kernel and the pipe are full by now, or will be
    front_.advance(1s);
    while (got.size() < large) {
        const std::string more = client_.read(std::min<std::size_t>(100'000, large - got.size()));
        ASSERT_FALSE(more.empty());
        got += more;
    }
    sender.join();
    EXPECT_TRUE(got == body);
}

TEST_F(WorkerSplice, an_answer_that_is_cut_short_is_cut_short) {
    allow(2);
    Peer up = ask();
    const std::string body = large_body();
    std::thread sender([&] {
        up.send(announced(large) + body.substr(0, large / 2));
        up.close();
    });
    client_.head();
    const std::string got = client_.read_all();
    sender.join();
    EXPECT_TRUE(got == body.substr(0, large / 2));
    EXPECT_TRUE(Front::eventually([&] { return front_.metrics.in_flight.get() == 0; }));
}

TEST_F(WorkerSplice, a_client_that_leaves_takes_its_bytes_along) {
    allow(2);
    Peer up = ask();
    up.send(announced(100 * large));
    client_.head();
    up.send_until_blocked(100 * large);
    front_.settle();
    client_.reset();
    EXPECT_TRUE(Front::eventually([&] { return front_.metrics.in_flight.get() == 0; }));
    EXPECT_TRUE(Front::eventually([&] { return front_.shared.pipes.made.load() == 0; })) << "a pipe with bytes in it is nobody's";
    client_ = front_.client();  // and the next answer is whole
    Peer again = ask();
    const std::string body = large_body();
    std::thread sender([&] { again.send(announced(large) + body); });
    client_.head();
    EXPECT_TRUE(client_.read(large) == body);
    sender.join();
}

}  // namespace
}  // namespace cardea::proxy
