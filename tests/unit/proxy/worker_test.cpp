// One worker over loopback sockets, step by step: what a client and an origin see of each other through it.
#include "tests/support/proxy/front.hpp"

#include <gtest/gtest.h>

namespace cardea::proxy {
namespace {

using namespace std::chrono_literals;
using support::Front;
using support::FrontSetup;
using support::Origin;
using support::Peer;
using ::testing::HasSubstr;

constexpr std::string_view get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view ok_hi = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

std::string first_line(const std::string& head) {
    return head.substr(0, head.find('\r'));
}

TEST(Worker, forwards_a_request_and_its_response) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send(get);
    Peer up = origin.accept();
    EXPECT_EQ(first_line(up.head()), "GET /a HTTP/1.1");
    up.send(ok_hi);
    EXPECT_EQ(first_line(client.head()), "HTTP/1.1 200 OK");
    EXPECT_EQ(client.read(2), "hi");
}

TEST(Worker, reuses_both_connections) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send(get);
    Peer up = origin.accept();
    for (int i = 0; i < 3; ++i) {
        up.head();
        up.send(ok_hi);
        client.head();
        EXPECT_EQ(client.read(2), "hi");
        client.send(get);
    }
    up.head();
    up.send(ok_hi);
    client.head();
    EXPECT_EQ(client.read(2), "hi");
    EXPECT_TRUE(origin.nobody(0));
    EXPECT_TRUE(Front::eventually([&] { return front.endpoint(0).in_flight == 0; }));
    EXPECT_EQ(front.metrics.upstream_connects.get(), 1U);
    EXPECT_EQ(front.metrics.upstream_reuses.get(), 3U);
}

}  // namespace
}  // namespace cardea::proxy
