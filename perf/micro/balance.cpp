// The choice of an endpoint, by one worker and by two at once.
#include "perf/micro/measure.hpp"
#include "perf/micro/rooms.hpp"
#include "proxy/balance/balancer.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace cardea::micro {
namespace {

struct Group {
    Group(config::Balance kind, std::size_t size) {
        std::vector<balance::Member> members;
        for (std::size_t i = 0; i < size; ++i) {
            const std::string name = "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ":8080";
            states.push_back(std::make_unique<balance::EndpointState>(name, "web", std::vector<config::Address>(1)));
            members.push_back({states.back().get(), 1});
        }
        balancer = balance::make_balancer(kind, std::move(members));
    }
    std::vector<std::unique_ptr<balance::EndpointState>> states{};
    std::unique_ptr<balance::Balancer> balancer{};
};

/// Made by the first thread that needs it.
class Shared {
public:
    Shared(config::Balance kind, std::size_t size) : kind_(kind), size_(size) {}
    const balance::Balancer& balancer() {
        std::call_once(made_, [this] { group_ = std::make_unique<Group>(kind_, size_); });
        return *group_->balancer;
    }

private:
    config::Balance kind_;
    std::size_t size_;
    std::once_flag made_{};
    std::unique_ptr<Group> group_{};
};

/// A pick as an exchange makes it: chosen, counted in, counted out.
void add_picks(const std::string& name, config::Balance kind, std::size_t size, int threads) {
    const auto shared = std::make_shared<Shared>(kind, size);
    auto& added = add("pick/" + name + "/" + std::to_string(size) + "_endpoints", [shared](benchmark::State& state) {
        const balance::Balancer& balancer = shared->balancer();
        std::uint64_t random = 4711;
        measure(state, [&] {
            random = random * 6364136223846793005ULL + 1442695040888963407ULL;
            balance::EndpointState* const picked = balancer.pick({.random = random >> 16U});
            picked->in_flight.fetch_add(1, std::memory_order_relaxed);
            picked->in_flight.fetch_sub(1, std::memory_order_release);
            return picked;
        });
    });
    if (threads > 1) {
        added.Threads(threads);
    }
}

}  // namespace

void add_balance() {
    const std::pair<const char*, config::Balance> kinds[] = {{"round_robin", config::Balance::round_robin},
                                                             {"least_request", config::Balance::least_request},
                                                             {"random_of_two", config::Balance::random_of_two}};
    for (const auto& [name, kind] : kinds) {
        for (const std::size_t size : {1U, 4U, 100U, 10'000U}) {
            add_picks(name, kind, size, 1);
        }
        add_picks(name, kind, 4, 2);
        add_picks(name, kind, 10'000, 2);
    }
}

}  // namespace cardea::micro
