// An update on its way to the workers: one endpoint of 10 000 leaves or comes back.
#include "perf/micro/measure.hpp"
#include "perf/micro/rooms.hpp"
#include "proxy/snapshot/build_snapshot.hpp"
#include "proxy/snapshot/keeper.hpp"

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cardea::micro {
namespace {

/// A worker that takes what it is given at once.
class QuickWorker final : public snapshot::WorkerPort {
public:
    bool apply(const snapshot::Snapshot* snapshot) override {
        applied_ = snapshot->version;
        return true;
    }
    [[nodiscard]] std::uint64_t applied_version() const override { return applied_; }
    void listen(snapshot::Door /*door*/, int /*descriptor*/) override {}
    void leave(std::uint64_t /*door*/) override {}
    void move_waiting() override {}
    void abort_endpoints(std::vector<std::shared_ptr<balance::EndpointState>> /*endpoints*/) override {}
    void drain(config::TimePoint /*deadline*/, config::TimePoint /*idle_until*/) override {}

private:
    std::uint64_t applied_{0};
};

/// So many services of so many endpoints, each with a route of its own.
struct Fleet {
    Fleet(std::size_t services, std::size_t endpoints) : settings(services), members(services) {
        std::vector<config::Route> routes(services);
        for (std::size_t s = 0; s < services; ++s) {
            settings[s].name = "service" + std::to_string(s);
            routes[s].name = settings[s].name;
            routes[s].match.hosts = {{config::HostPattern::Kind::exact, settings[s].name + ".example.com"}};
            routes[s].action = config::ToService{settings[s].name};
            for (std::size_t e = 0; e < endpoints; ++e) {
                const std::string id = settings[s].name + "-" + std::to_string(e);
                members[s].push_back(
                    {std::make_shared<balance::EndpointState>(id, settings[s].name, std::vector<config::Address>(1)), 1, true});
            }
            builder.set_service(settings[s], members[s], false);
        }
        builder.set_routes(std::move(routes));
    }

    /// The last endpoint of the first service goes, or comes back.
    void change() {
        members[0].back().eligible = !members[0].back().eligible;
        builder.set_service(settings[0], members[0], false);
    }

    std::vector<config::Service> settings;
    std::vector<std::vector<snapshot::ServiceMember>> members;
    snapshot::SnapshotBuilder builder{2};
};

void add_fleet(const std::string& name, std::size_t services, std::size_t endpoints) {
    add("snapshot/build/" + name, [services, endpoints](benchmark::State& state) {
        Fleet fleet(services, endpoints);
        measure(state, [&] {
            fleet.change();
            return fleet.builder.build();
        });
    });
    add("snapshot/build_and_publish/" + name, [services, endpoints](benchmark::State& state) {
        Fleet fleet(services, endpoints);
        std::array<QuickWorker, 2> workers{};
        snapshot::SnapshotKeeper keeper;
        keeper.post(fleet.builder.build());
        keeper.start({&workers[0], &workers[1]});
        measure(state, [&] {
            fleet.change();
            keeper.post(fleet.builder.build());
            const bool freed = keeper.poll();
            fleet.builder.sweep();
            return freed;
        });
        if (keeper.alive() != 1) {
            state.SkipWithError("a snapshot was not freed");
        }
    });
}

}  // namespace

void add_snapshot() {
    add_fleet("1_service_of_10000_endpoints", 1, 10'000);
    add_fleet("100_services_of_100_endpoints", 100, 100);
}

}  // namespace cardea::micro
