#include "proxy/balance/balancer.hpp"

#include "perf/micro/allocations.hpp"
#include "proxy/balance/schedule.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>

namespace cardea::balance {
namespace {

class Group {
public:
    explicit Group(const std::vector<std::uint32_t>& weights) {
        for (const auto weight : weights) {
            states_.push_back(std::make_unique<EndpointState>("e" + std::to_string(states_.size()), "web", std::vector<config::Address>{}));
            members_.push_back({states_.back().get(), weight});
        }
    }
    EndpointState& operator[](std::size_t at) { return *states_[at]; }
    [[nodiscard]] std::unique_ptr<Balancer> make(config::Balance kind) const { return make_balancer(kind, members_); }
    /// The first `count` members before the rest, which is the last resort.
    [[nodiscard]] std::unique_ptr<Balancer> make_tiers(config::Balance kind, std::size_t count) const {
        const auto border = members_.begin() + static_cast<std::ptrdiff_t>(count);
        return make_balancer(kind, {members_.begin(), border}, {border, members_.end()});
    }
    void suspend(std::size_t at) { states_[at]->suspension = Suspension::refused; }

private:
    std::vector<std::unique_ptr<EndpointState>> states_;
    std::vector<Member> members_;
};

std::string picks(const Balancer& balancer, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) {
        const auto* endpoint = balancer.pick({});
        out += endpoint == nullptr ? "-" : endpoint->id.substr(1);
    }
    return out;
}

const std::vector<config::Balance> every_kind{config::Balance::round_robin, config::Balance::least_request, config::Balance::random_of_two};

TEST(Tiers, the_last_resort_is_picked_only_when_there_is_nothing_better) {
    for (const auto kind : every_kind) {
        Group group({1, 1, 1, 1});
        const auto balancer = group.make_tiers(kind, 2);
        const auto first = picks(*balancer, 40);
        EXPECT_EQ(first.find_first_of("23"), std::string::npos);
        group.suspend(0);
        EXPECT_EQ(picks(*balancer, 4), "1111");
        group.suspend(1);
        const auto last = picks(*balancer, 40);
        EXPECT_EQ(last.find_first_of("01-"), std::string::npos);
        group[1].suspension = Suspension::none;
        EXPECT_EQ(picks(*balancer, 4), "1111") << "at once, without a new snapshot";
        EXPECT_EQ(picks(*group.make_tiers(kind, 0), 1).find('-'), std::string::npos) << "nobody but the last resort";
    }
}

TEST(RoundRobin, gives_each_its_turn_in_the_order_of_the_members) {
    Group group({1, 1, 1, 1});
    EXPECT_EQ(picks(*group.make(config::Balance::round_robin), 10), "0123012301");
    EXPECT_EQ(picks(*group.make(config::Balance::round_robin), 2), "01") << "a new membership starts a new cycle";
    Group equal({7, 7});
    EXPECT_EQ(picks(*equal.make(config::Balance::round_robin), 4), "0101");
}

TEST(RoundRobin, is_exact_for_the_process_whatever_the_threads) {
    Group group({1, 2, 1, 4});
    const auto balancer = group.make(config::Balance::round_robin);
    constexpr int threads = 4;
    constexpr int each = 8000;
    std::vector<std::map<EndpointState*, int>> seen(threads);
    std::vector<std::thread> running;
    running.reserve(threads);
    for (auto& mine : seen) {
        running.emplace_back([&balancer, &mine] {
            for (int i = 0; i < each; ++i) {
                ++mine[balancer->pick({})];
            }
        });
    }
    for (auto& thread : running) {
        thread.join();
    }
    std::map<EndpointState*, int> total;
    for (const auto& mine : seen) {
        for (const auto& [endpoint, count] : mine) {
            total[endpoint] += count;
        }
    }
    EXPECT_EQ(total[&group[0]], 4000);
    EXPECT_EQ(total[&group[1]], 8000);
    EXPECT_EQ(total[&group[2]], 4000);
    EXPECT_EQ(total[&group[3]], 16000);
}

TEST(RoundRobin, steps_over_an_endpoint_that_was_ejected_since_and_takes_it_back) {
    Group group({1, 1, 1});
    const auto balancer = group.make(config::Balance::round_robin);
    group.suspend(1);
    EXPECT_EQ(picks(*balancer, 6), "022022");
    group[1].suspension = Suspension::none;
    EXPECT_EQ(picks(*balancer, 3), "012");
}

TEST(RoundRobin, finds_the_light_one_behind_a_long_run_of_a_heavy_one_that_is_out) {
    Group group({60000, 1, 1});
    const auto balancer = group.make(config::Balance::round_robin);
    group.suspend(0);
    std::set<char> seen;
    for (const char c : picks(*balancer, 20)) {
        seen.insert(c);
    }
    EXPECT_EQ(seen, (std::set<char>{'1', '2'}));
}

TEST(Schedule, keeps_every_member_within_one_turn_of_its_share_at_each_place) {
    std::mt19937 random(7);
    for (int round = 0; round < 200; ++round) {
        std::vector<std::uint32_t> weights(1 + random() % 12);
        for (auto& weight : weights) {
            weight = static_cast<std::uint32_t>(random() % 20);
        }
        const auto schedule = make_schedule(weights);
        double sum = 0;
        for (const auto weight : weights) {
            sum += weight;
        }
        std::vector<double> given(weights.size(), 0);
        for (std::size_t place = 0; place < schedule.size(); ++place) {
            given[schedule[place]] += 1;
            for (std::size_t member = 0; member < weights.size(); ++member) {
                const double share = static_cast<double>(place + 1) * weights[member] / sum;
                ASSERT_LT(std::abs(given[member] - share), 1.0 + 1e-9) << "round " << round << " place " << place;
            }
        }
    }
}

TEST(Schedule, spreads_a_heavy_member) {
    const auto schedule = make_schedule({5, 1, 1});
    std::string text;
    for (const auto member : schedule) {
        text += std::to_string(member);
    }
    EXPECT_EQ(text, "0100200");
}

TEST(Schedule, is_short_where_weights_allow_and_bounded_where_they_do_not) {
    EXPECT_EQ(make_schedule({100, 100, 100}).size(), 3U);
    EXPECT_EQ(make_schedule({1000, 3000}).size(), 4U);
    EXPECT_TRUE(make_schedule({}).empty());
    EXPECT_TRUE(make_schedule({0, 0}).empty());
    EXPECT_EQ(make_schedule({0, 3}), std::vector<std::uint32_t>{1});
    const auto long_one = make_schedule({4294967295U, 4294967294U, 1});
    EXPECT_LE(long_one.size(), 65536U + 3);
    EXPECT_EQ(std::count(long_one.begin(), long_one.end(), 2U), 1) << "the lightest keeps a turn";
    EXPECT_EQ(make_schedule(std::vector<std::uint32_t>(100'000, 3)).size(), 100'000U);
}

TEST(LeastRequest, takes_the_least_loaded_for_its_weight) {
    Group group({1, 2, 1});
    const auto balancer = group.make(config::Balance::least_request);
    group[0].in_flight = 2;
    group[1].in_flight = 3;
    group[2].in_flight = 2;
    EXPECT_EQ(picks(*balancer, 3), "111");
    group[1].in_flight = 5;
    EXPECT_EQ(picks(*balancer, 4).find('1'), std::string::npos);
    group[0].in_flight = 0;
    EXPECT_EQ(picks(*balancer, 4), "0000");
}

TEST(LeastRequest, serves_an_idle_service_like_round_robin) {
    Group group({1, 1, 1});
    EXPECT_EQ(picks(*group.make(config::Balance::least_request), 6), "012012");
    Group weighted({3, 1});
    const auto text = picks(*weighted.make(config::Balance::least_request), 400);
    EXPECT_EQ(std::count(text.begin(), text.end(), '0'), 300);
}

TEST(RandomOfTwo, prefers_the_less_loaded_and_draws_by_weight) {
    Group group({1, 1});
    const auto balancer = group.make(config::Balance::random_of_two);
    group[0].in_flight = 5;
    std::mt19937_64 random(1);
    int busy = 0;
    for (int i = 0; i < 1000; ++i) {
        busy += balancer->pick({.random = random()}) == &group[0] ? 1 : 0;
    }
    EXPECT_LT(busy, 30) << "only when eight draws in a row gave the same one";

    Group many(std::vector<std::uint32_t>(20, 1));
    const auto wide = many.make(config::Balance::random_of_two);
    std::map<EndpointState*, int> seen;
    for (int i = 0; i < 20'000; ++i) {
        ++seen[wide->pick({.random = random()})];
    }
    for (const auto& [endpoint, count] : seen) {
        EXPECT_NEAR(count, 1000, 200) << endpoint->id;
    }
    EXPECT_EQ(seen.size(), 20U);
}

TEST(EveryBalancer, answers_nothing_when_nobody_is_eligible) {
    for (const auto kind : every_kind) {
        EXPECT_EQ(make_balancer(kind, {})->pick({}), nullptr);
        Group zero({0, 0});
        EXPECT_EQ(zero.make(kind)->pick({}), nullptr) << "weight 0 is never picked";
        Group group({1, 5, 1});
        const auto balancer = group.make(kind);
        for (std::size_t at = 0; at < 3; ++at) {
            group.suspend(at);
        }
        EXPECT_EQ(balancer->pick({.random = 9}), nullptr);
    }
}

TEST(EveryBalancer, finds_the_only_eligible_one_of_many) {
    for (const auto kind : every_kind) {
        Group group(std::vector<std::uint32_t>(500, 1));
        const auto balancer = group.make(kind);
        for (std::size_t at = 0; at < 500; ++at) {
            if (at != 377) {
                group.suspend(at);
            }
        }
        for (std::uint64_t random = 0; random < 50; ++random) {
            EXPECT_EQ(balancer->pick({.random = random}), &group[377]);
        }
    }
}

TEST(EveryBalancer, avoids_what_was_tried_while_others_are_left) {
    for (const auto kind : every_kind) {
        Group group({1, 1000, 1, 1});
        const auto balancer = group.make(kind);
        group.suspend(3);
        std::vector<EndpointState*> tried{&group[1]};
        for (std::uint64_t random = 0; random < 100; ++random) {
            const auto* endpoint = balancer->pick({.random = random, .tried = tried});
            EXPECT_TRUE(endpoint == &group[0] || endpoint == &group[2]);
        }
        tried = {&group[0], &group[1], &group[2]};
        const auto* again = balancer->pick({.random = 3, .tried = tried});
        ASSERT_NE(again, nullptr) << "nobody else is left";
        EXPECT_TRUE(again->eligible());
    }
}

TEST(EveryBalancer, picks_without_allocating) {
    for (const auto kind : every_kind) {
        Group group({1, 2, 3, 4, 5});
        const auto balancer = group.make(kind);
        group.suspend(2);
        std::vector<EndpointState*> tried{&group[0]};
        const auto before = micro::allocations_of_this_thread();
        for (std::uint64_t random = 0; random < 1000; ++random) {
            (void)balancer->pick({.random = random, .tried = tried});
        }
        EXPECT_EQ(micro::allocations_of_this_thread(), before);
    }
}

}  // namespace
}  // namespace cardea::balance
