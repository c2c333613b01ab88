#pragma once
// Puts snapshots together, piece by piece: what did not change since the last one is shared with it, so an unchanged
// upstream keeps its ticket and an unchanged route its counters. Control thread; a build costs one pointer per service,
// a changed service its endpoints, a changed route table all routes.

#include "config/config.hpp"
#include "proxy/observe/request_table.hpp"
#include "proxy/snapshot/retired.hpp"
#include "proxy/snapshot/snapshot.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::snapshot {

/// One endpoint of a service as it is to be served now.
struct ServiceMember {
    std::shared_ptr<balance::EndpointState> state{};
    std::uint32_t weight{1};
    bool eligible{false};
    bool last_resort{false};  ///< eligible only while no other is
    friend bool operator==(const ServiceMember&, const ServiceMember&) = default;
};

class SnapshotBuilder {
public:
    explicit SnapshotBuilder(std::size_t workers) : workers_(workers) {}

    /// Each is compared with what is known; only a difference costs anything. `now`: when the last eligible endpoint went,
    /// where it went by this.
    void set_service(const config::Service& settings, std::vector<ServiceMember> members, bool starting, config::TimePoint now = {});
    void drop_service(const std::string& name, config::TimePoint now = {});
    void set_routes(std::vector<config::Route> routes);  ///< a service without set_service() is an empty upstream
    void set_listeners(const std::vector<config::Listener>& listeners);
    void set_headers(const config::Headers& headers);
    void set_path(const config::Paths& path);

    /// What the numbers in routes and snapshots stand for.
    [[nodiscard]] const observe::Names& route_names() const { return route_names_; }
    [[nodiscard]] const observe::Names& listener_names() const { return listener_names_; }

    /// Something was set that the last build did not have.
    [[nodiscard]] bool dirty() const { return dirty_; }
    [[nodiscard]] std::unique_ptr<const Snapshot> build();

    /// Frees what has left and is no longer read; call it after a snapshot was freed.
    void sweep();
    [[nodiscard]] std::size_t retired() const { return retired_policies_.size() + retired_routes_.size(); }

private:
    /// A service's place in Snapshot::upstreams. It keeps its number for as long as any route policy names it, because
    /// an exchange may look its upstream up again, in a later snapshot, by that number.
    struct Slot {
        std::string name{};
        bool known{false};  ///< by set_service, not only by a route
        std::shared_ptr<upstream::Queue> queue{};
        std::shared_ptr<upstream::Counts> counts{};
        std::shared_ptr<const upstream::Policy> policy{};
        std::vector<ServiceMember> members{};
        bool starting{false};
        std::shared_ptr<const upstream::Upstream> made{};
        std::vector<std::weak_ptr<const route::RoutePolicy>> routes{};
    };

    std::uint32_t slot_of(const std::string& name);
    void make_upstream(Slot& slot, config::TimePoint now);
    [[nodiscard]] static bool named_by_route(Slot& slot);

    std::size_t workers_;
    observe::Names route_names_{1'000}, listener_names_{64};  // bounds of the series in metrics
    std::uint64_t version_{0};
    bool dirty_{true};
    std::vector<Slot> slots_{};
    std::map<std::string, std::uint32_t, std::less<>> by_name_{};
    std::vector<config::Route> routes_{};
    std::vector<std::shared_ptr<const route::RoutePolicy>> route_policies_{};
    std::shared_ptr<const route::Router> router_{};
    std::vector<std::shared_ptr<const config::Listener>> listeners_{};
    std::shared_ptr<const config::Headers> headers_{};
    config::Paths path_{};
    Retired<const upstream::Policy> retired_policies_{};
    Retired<const route::RoutePolicy> retired_routes_{};
};

}  // namespace cardea::snapshot
