// One worker whose endpoints fall silent or lose connections: what control is told of it.
#include "tests/support/proxy/front.hpp"
#include "tests/support/proxy/messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace cardea::proxy {
namespace {

using namespace std::chrono_literals;
using snapshot::Sighting;
using support::Front;
using support::get;
using support::ok_hi;
using support::Origin;
using support::Peer;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

std::size_t told_silent(const Front& front) {
    const auto all = front.sightings.all();
    return static_cast<std::size_t>(std::ranges::count(all, Sighting::silent, [](const auto& one) { return one.second; }));
}

TEST(WorkerSilence, an_endpoint_that_answers_in_time_is_not_suspected) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send(get);
    Peer up = origin.accept();
    up.head();
    front.advance(90ms);
    up.send(ok_hi);
    client.read_until("hi");
    front.advance(1s);
    EXPECT_THAT(front.sightings.all(), IsEmpty());
}

TEST(WorkerSilence, a_request_that_waits_longer_than_the_patience_makes_its_endpoint_suspect) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send(get);
    Peer up = origin.accept();
    up.head();
    front.advance(110ms);
    EXPECT_THAT(front.sightings.all(), ElementsAre(Pair(front.endpoint(0).id, Sighting::silent)));
    front.advance(40ms);
    EXPECT_EQ(told_silent(front), 1U) << "not again at once";
    front.advance(110ms);
    EXPECT_EQ(told_silent(front), 2U) << "but while it lasts";
    up.send(ok_hi);
    client.read_until("hi");
    front.advance(500ms);
    EXPECT_EQ(told_silent(front), 2U);
}

TEST(WorkerSilence, many_waiting_requests_are_one_suspicion) {
    Origin origin;
    Front front({origin.port()});
    std::vector<Peer> clients;
    std::vector<Peer> ups;
    for (int i = 0; i < 5; ++i) {
        clients.push_back(front.client());
        clients.back().send(get);
        ups.push_back(origin.accept());
        ups.back().head();
    }
    front.advance(110ms);
    EXPECT_EQ(told_silent(front), 1U);
}

TEST(WorkerSilence, a_byte_to_another_request_shows_that_the_endpoint_lives) {
    Origin origin;
    Front front({origin.port()});
    Peer slow = front.client();
    slow.send(get);
    Peer slow_up = origin.accept();
    slow_up.head();
    front.advance(80ms);
    Peer quick = front.client();
    quick.send(get);
    Peer quick_up = origin.accept();
    quick_up.head();
    quick_up.send(ok_hi);
    quick.read_until("hi");
    front.advance(80ms);
    EXPECT_EQ(told_silent(front), 0U);
    front.advance(110ms);
    EXPECT_EQ(told_silent(front), 1U) << "nothing since";
}

TEST(WorkerSilence, a_service_known_to_be_slow_is_given_its_time) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send(get);
    Peer up = origin.accept();
    up.head();
    front.advance(300ms);  // its first answer: 362 ms at most, so 1086 ms of patience from the next second on
    up.send(ok_hi);
    client.read_until("hi");
    front.advance(1s);
    const std::size_t before = told_silent(front);
    client.send(get);
    up.head();
    front.advance(1s);
    EXPECT_EQ(told_silent(front), before);
    front.advance(200ms);
    EXPECT_EQ(told_silent(front), before + 1);
}

TEST(WorkerSilence, a_client_that_sends_slowly_does_not_make_the_endpoint_suspect) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    Peer up = origin.accept();
    up.read_until("abc");
    front.advance(1s);
    EXPECT_EQ(told_silent(front), 0U);
    client.send("defghij");
    up.read(7);
    front.advance(150ms);
    EXPECT_EQ(told_silent(front), 1U) << "now it is the endpoint's turn";
}

TEST(WorkerSilence, a_kept_connection_lost_under_a_request_is_told_without_blame) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send(get);
    Peer up = origin.accept();
    up.head();
    up.send(ok_hi);
    client.read_until("hi");
    client.send(get);
    up.head();
    up.reset();
    Peer again = origin.accept();
    again.head();
    EXPECT_THAT(front.sightings.all(), ElementsAre(Pair(front.endpoint(0).id, Sighting::lost_in_use)));
    EXPECT_EQ(front.endpoint(0).failures.load(), 0U);
}

TEST(WorkerSilence, an_idle_connection_that_is_reset_is_told_as_that) {
    Origin origin;
    Front front({origin.port()});
    Peer client = front.client();
    client.send(get);
    Peer up = origin.accept();
    up.head();
    up.send(ok_hi);
    client.read_until("hi");
    EXPECT_TRUE(Front::eventually([&] { return front.metrics.in_flight.get() == 0; }));
    up.reset();
    EXPECT_TRUE(Front::eventually([&] { return front.metrics.upstream_connections.get() == 0; }));
    EXPECT_THAT(front.sightings.all(), Contains(Pair(front.endpoint(0).id, Sighting::idle_reset)));
}

}  // namespace
}  // namespace cardea::proxy
