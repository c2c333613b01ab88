#pragma once
// All a worker needs to serve, immutable. Made by the control thread (build_snapshot), posted to every worker, which
// swaps one plain pointer; freed by the control thread. At most workers + 1 are alive (a metric).

#include "config/config.hpp"
#include "proxy/route/router.hpp"
#include "proxy/upstream/upstream.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace cardea::snapshot {

struct Snapshot {
    std::uint64_t version{0};
    std::shared_ptr<const route::Router> router{};
    std::vector<std::shared_ptr<const upstream::Upstream>> upstreams{};  ///< index = RoutePolicy::upstream
    std::vector<std::shared_ptr<const config::Listener>> listeners{};    ///< found by name at accept
    std::vector<std::uint16_t> listener_numbers{};                       ///< their names in metrics, in the same order
    std::shared_ptr<const config::Headers> headers{};
    config::Paths path{};
};

}  // namespace cardea::snapshot
