#include "proxy/upstream/pool.hpp"

#include "proxy/upstream/connector.hpp"
#include "tests/support/proxy/peer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace cardea::upstream {
namespace {

using namespace std::chrono_literals;

config::Address loopback(std::uint16_t port) {
    config::Address address;
    address.ip.bytes = {127, 0, 0, 1};
    address.port = port;
    return address;
}

class PoolTest : public ::testing::Test {
protected:
    /// A connection to the origin; the origin's end is in `peers`.
    std::unique_ptr<Connection> connect(balance::EndpointState& to) {
        auto connection = pool.make(to);
        Connector connector(*connection, 1s);
        Connecting state = connector.start(now);
        while (state == Connecting::waiting) {
            poller.wait(1s);
            state = connector.step(now);
        }
        EXPECT_EQ(state, Connecting::connected);
        peers.push_back(origin.accept());
        poller.wait(0ms);
        return connection;
    }
    void put(std::unique_ptr<Connection> connection) { pool.put(std::move(connection), policy, now); }
    void tell_and_sweep() {
        poller.wait(1s);
        pool.sweep(now);
    }

    support::Origin origin;
    balance::EndpointState endpoint{"e", "web", {loopback(origin.port())}};
    balance::EndpointState successor{"next", "web", endpoint.addresses};
    config::TimePoint now{config::TimePoint{} + 1h};
    net::Poller poller;
    net::TimerWheel wheel{now};
    observe::WorkerMetrics metrics;
    int idle_closed{0}, idle_reset{0};
    Pool pool{poller, wheel, metrics, [this](balance::EndpointState&, bool reset) { ++(reset ? idle_reset : idle_closed); }};
    config::Keepalive policy;
    std::vector<support::Peer> peers;
};

TEST_F(PoolTest, gives_the_most_recently_used_first) {
    auto first = connect(endpoint);
    auto second = connect(endpoint);
    const Connection* const newer = second.get();
    put(std::move(first));
    put(std::move(second));
    EXPECT_EQ(pool.take(endpoint, false, now).get(), newer);
    EXPECT_NE(pool.take(endpoint, false, now), nullptr);
    EXPECT_EQ(pool.take(endpoint, false, now), nullptr);
}

TEST_F(PoolTest, keeps_at_most_the_limit_and_lets_the_oldest_go) {
    policy.idle_per_endpoint = 1;
    put(connect(endpoint));
    put(connect(endpoint));
    EXPECT_EQ(metrics.upstream_connections.get(), 1U);
    EXPECT_TRUE(peers[0].ended());
    EXPECT_TRUE(peers[1].silent(0));
}

TEST_F(PoolTest, an_origin_that_closes_is_noticed_without_asking) {
    put(connect(endpoint));
    peers[0].close();
    poller.wait(1s);
    EXPECT_EQ(pool.take(endpoint, false, now), nullptr) << "the event has been told, that is enough";
    pool.sweep(now);
    EXPECT_EQ(idle_closed, 1);
    EXPECT_EQ(metrics.upstream_connections.get(), 0U);
}

TEST_F(PoolTest, a_reset_of_an_idle_connection_is_told_apart_from_its_end) {
    put(connect(endpoint));
    peers[0].reset();
    poller.wait(1s);
    pool.sweep(now);
    EXPECT_EQ(idle_reset, 1);
    EXPECT_EQ(idle_closed, 0);
}

TEST_F(PoolTest, the_next_owner_of_an_address_gets_no_connection_of_the_last) {
    put(connect(endpoint));
    EXPECT_EQ(pool.take(successor, false, now), nullptr);
    put(connect(successor));
    endpoint.suspension = balance::Suspension::removed;
    pool.drop_ineligible();
    EXPECT_TRUE(peers[0].ended());
    EXPECT_EQ(pool.take(endpoint, false, now), nullptr);
    EXPECT_NE(pool.take(successor, false, now), nullptr);
}

TEST_F(PoolTest, bytes_nobody_asked_for_end_the_connection) {
    put(connect(endpoint));
    peers[0].send("HTTP/1.1 408 Request Timeout\r\n\r\n");
    tell_and_sweep();
    EXPECT_EQ(metrics.upstream_connections.get(), 0U);
    EXPECT_EQ(idle_closed, 0) << "it did not close";
}

TEST_F(PoolTest, a_careful_request_looks_once_more_and_takes_only_recent_ones) {
    put(connect(endpoint));
    EXPECT_EQ(pool.take(endpoint, true, now + 1001ms), nullptr);
    peers[0].close();
    EXPECT_TRUE(support::Peer::to(origin.port()).silent(20));  // time for the end to arrive
    EXPECT_EQ(pool.take(endpoint, true, now), nullptr) << "closed, though no event was told yet";
    EXPECT_NE(pool.take(endpoint, false, now), nullptr);
}

TEST_F(PoolTest, idle_time_ends_a_connection_below_what_the_origin_allows) {
    auto connection = connect(endpoint);
    connection->origin_keep_alive_ms = 5000;
    put(std::move(connection));
    wheel.advance(now + 3900ms);
    pool.sweep(now + 3900ms);
    EXPECT_EQ(metrics.upstream_connections.get(), 1U);
    wheel.advance(now + 4016ms);
    pool.sweep(now + 4016ms);
    EXPECT_EQ(metrics.upstream_connections.get(), 0U);
    EXPECT_TRUE(peers[0].ended());
}

TEST_F(PoolTest, learns_how_long_an_origin_keeps_idle_connections) {
    put(connect(endpoint));
    peers[0].close();
    now += 6s;
    tell_and_sweep();
    EXPECT_EQ(endpoint.origin_idle_ms.load(), 6000U);
    put(connect(endpoint));
    peers[1].close();
    now += 200ms;
    tell_and_sweep();
    EXPECT_EQ(endpoint.origin_idle_ms.load(), 6000U) << "a close so soon says that the origin goes, not what it allows";
}

TEST_F(PoolTest, an_endpoint_out_of_service_keeps_no_connections) {
    put(connect(endpoint));
    auto busy = connect(endpoint);
    endpoint.suspension = balance::Suspension::removed;
    pool.drop_ineligible();
    EXPECT_TRUE(peers[0].ended());
    put(std::move(busy));
    EXPECT_TRUE(peers[1].ended());
}

TEST_F(PoolTest, ten_thousand_endpoints_are_looked_at_bit_by_bit) {
    constexpr std::size_t many = 10'000;
    std::vector<std::unique_ptr<balance::EndpointState>> endpoints;
    for (std::size_t i = 0; i < many; ++i) {
        endpoints.push_back(std::make_unique<balance::EndpointState>(std::to_string(i), "web", endpoint.addresses));
        put(pool.make(*endpoints.back()));
    }
    const auto known = [&] { return std::ranges::count_if(endpoints, [](const auto& one) { return one->pools.load() == 1; }); };
    ASSERT_EQ(known(), many);
    for (std::size_t i = 0; i < many; i += 2) {
        endpoints[i]->suspension = balance::Suspension::removed;
    }
    pool.drop_ineligible();
    EXPECT_TRUE(pool.dropping());
    EXPECT_GT(known(), many - 600) << "no more than a bit at once";
    endpoints[1]->suspension = endpoints[many - 1]->suspension = balance::Suspension::removed;
    pool.drop_ineligible();  // whether they have been looked at or not
    const auto finish = [&] {
        std::size_t bits = 0;
        for (; pool.dropping() && bits < many; ++bits) {
            pool.drop_more();
        }
        return bits;
    };
    const std::size_t bits = finish();
    EXPECT_GT(bits, 20U);
    EXPECT_LT(bits, 1000U);
    EXPECT_EQ(known(), many / 2 - 2);
    EXPECT_EQ(metrics.upstream_connections.get(), many / 2 - 2);
    endpoints[3]->suspension = balance::Suspension::removed;
    pool.drop_ineligible();
    for (std::size_t i = 0; i < 2 * many; ++i) {  // what comes meanwhile moves all the others
        endpoints.push_back(std::make_unique<balance::EndpointState>("more" + std::to_string(i), "web", endpoint.addresses));
        put(pool.make(*endpoints.back()));
    }
    finish();
    EXPECT_EQ(endpoints[3]->pools.load(), 0U);
    pool.drop_all();
    EXPECT_EQ(known(), 0);
}

TEST_F(PoolTest, the_connector_tries_every_address_and_remembers_the_good_one) {
    const std::uint16_t dead = support::Origin().port();
    balance::EndpointState two{"two", "web", {loopback(dead), loopback(origin.port())}};
    connect(two);
    EXPECT_EQ(two.address_index.load(), 1);
    balance::EndpointState none{"none", "web", {loopback(dead), loopback(dead)}};
    auto connection = pool.make(none);
    Connector connector(*connection, 1s);
    Connecting state = connector.start(now);
    while (state == Connecting::waiting) {
        poller.wait(1s);
        state = connector.step(now);
    }
    EXPECT_EQ(state, Connecting::refused);
}

TEST(IdleLimit, stays_below_the_origin) {
    const config::Keepalive policy;
    EXPECT_EQ(idle_limit(policy, 0), 60s);
    EXPECT_EQ(idle_limit(policy, 5000), 4s);
    EXPECT_EQ(idle_limit(policy, 1000), 750ms);
    EXPECT_EQ(idle_limit(policy, 120'000), 60s);
}

}  // namespace
}  // namespace cardea::upstream
