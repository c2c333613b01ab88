#include "proxy/accept/client_counts.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>
#include <vector>

namespace cardea::accept {
namespace {

config::IpAddress client_ip(const std::string& text) {
    return *config::parse_ip(text);
}

config::IpAddress numbered(std::uint32_t number) {
    config::IpAddress address;
    address.bytes = {10, static_cast<std::uint8_t>(number >> 16U), static_cast<std::uint8_t>(number >> 8U),
                     static_cast<std::uint8_t>(number)};
    return address;
}

TEST(ClientCounts, an_address_has_its_limit_and_others_theirs) {
    ClientCounts counts(7);
    std::vector<ClientCounts::Place> places;
    for (int i = 0; i < 3; ++i) {
        auto place = counts.enter(client_ip("192.0.2.1"), 3);
        ASSERT_TRUE(place);
        places.push_back(std::move(*place));
    }
    EXPECT_FALSE(counts.enter(client_ip("192.0.2.1"), 3));
    EXPECT_TRUE(counts.enter(client_ip("192.0.2.2"), 3));
    places.pop_back();
    EXPECT_TRUE(counts.enter(client_ip("192.0.2.1"), 3)) << "who leaves makes room";
}

TEST(ClientCounts, an_ipv6_network_of_64_bits_is_one_client) {
    ClientCounts counts(7);
    const auto first = counts.enter(client_ip("2001:db8::1"), 1);
    EXPECT_FALSE(counts.enter(client_ip("2001:db8::ffff:1"), 1));
    EXPECT_TRUE(counts.enter(client_ip("2001:db8:0:1::1"), 1));
    const auto unspecific = counts.enter(client_ip("::1.2.3.4"), 1);
    EXPECT_TRUE(counts.enter(client_ip("1.2.3.4"), 1)) << "another family is another client";
}

TEST(ClientCounts, a_place_that_moves_is_counted_once) {
    ClientCounts counts(7);
    {
        auto place = counts.enter(client_ip("192.0.2.1"), 1);
        ClientCounts::Place moved(std::move(*place));
        ClientCounts::Place assigned;
        assigned = std::move(moved);
        EXPECT_FALSE(counts.enter(client_ip("192.0.2.1"), 1));
    }
    EXPECT_EQ(counts.addresses(), 0U);
    EXPECT_TRUE(counts.enter(client_ip("192.0.2.1"), 1));
}

TEST(ClientCounts, counts_as_a_map_would) {
    ClientCounts counts(99);
    std::mt19937 random(4711);
    std::map<std::uint32_t, std::vector<ClientCounts::Place>> model;
    for (int step = 0; step < 20'000; ++step) {
        const auto client = static_cast<std::uint32_t>(random() % 700);
        auto& places = model[client];
        if (random() % 2 == 0 && !places.empty()) {
            places.pop_back();
        } else {
            auto place = counts.enter(numbered(client), 5);
            ASSERT_EQ(place.has_value(), places.size() < 5) << client;
            if (place) {
                places.push_back(std::move(*place));
            }
        }
    }
    EXPECT_EQ(counts.addresses(),
              static_cast<std::size_t>(std::count_if(model.begin(), model.end(), [](auto& one) { return !one.second.empty(); })));
    model.clear();
    EXPECT_EQ(counts.addresses(), 0U);
}

TEST(ClientCounts, holds_under_several_threads) {
    ClientCounts counts(3);
    std::vector<std::thread> threads;
    for (std::uint32_t thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&] {
            std::vector<ClientCounts::Place> places;
            for (std::uint32_t i = 0; i < 2'000; ++i) {
                if (auto place = counts.enter(numbered(i % 50), 1'000'000)) {
                    places.push_back(std::move(*place));
                }
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(counts.addresses(), 0U);
}

}  // namespace
}  // namespace cardea::accept
