#include "proxy/snapshot/build_snapshot.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace cardea::snapshot {

std::uint32_t SnapshotBuilder::slot_of(const std::string& name) {
    if (const auto found = by_name_.find(name); found != by_name_.end()) {
        return found->second;
    }
    const auto free = std::find_if(slots_.begin(), slots_.end(), [](Slot& slot) { return slot.name.empty() && !named_by_route(slot); });
    const auto index = static_cast<std::uint32_t>(free - slots_.begin());
    if (free == slots_.end()) {
        slots_.emplace_back();
    }
    Slot& slot = slots_[index];
    slot = Slot{};
    slot.name = name;
    config::Service settings;
    settings.name = name;
    slot.queue = std::make_shared<upstream::Queue>();
    slot.counts = std::make_shared<upstream::Counts>(workers_);
    slot.policy = std::make_shared<const upstream::Policy>(settings, workers_, slot.queue, slot.counts);
    make_upstream(slot, {});
    by_name_.emplace(name, index);
    return index;
}

bool SnapshotBuilder::named_by_route(Slot& slot) {
    std::erase_if(slot.routes, [](const auto& weak) { return weak.expired(); });
    return !slot.routes.empty();
}

void SnapshotBuilder::make_upstream(Slot& slot, config::TimePoint now) {
    auto made = std::make_shared<upstream::Upstream>();
    made->name = slot.name;
    made->policy = slot.policy;
    made->starting = slot.starting;
    made->endpoints.reserve(slot.members.size());
    std::vector<balance::Member> eligible, last_resort;
    eligible.reserve(slot.members.size());
    for (const auto& member : slot.members) {
        made->endpoints.push_back(member.state);
        if (member.eligible) {
            (member.last_resort ? last_resort : eligible).push_back({member.state.get(), member.weight});
        }
        if (member.eligible && member.weight > 0) {
            made->serving.push_back(member.state.get());
        }
    }
    slot.queue->members_changed(!made->serving.empty(), now);
    made->balancer = balance::make_balancer(slot.policy->service.balance, std::move(eligible), std::move(last_resort));
    slot.made = std::move(made);
    dirty_ = true;
}

void SnapshotBuilder::set_service(const config::Service& settings, std::vector<ServiceMember> members, bool starting,
                                  config::TimePoint now) {
    Slot& slot = slots_[slot_of(settings.name)];
    slot.known = true;
    const bool same_policy = slot.policy->service == settings;
    if (same_policy && slot.members == members && slot.starting == starting) {
        return;
    }
    if (!same_policy) {
        auto next = std::make_shared<const upstream::Policy>(settings, workers_, slot.queue, slot.counts);
        retired_policies_.add(std::exchange(slot.policy, std::move(next)));
    }
    slot.members = std::move(members);
    slot.starting = starting;
    make_upstream(slot, now);
}

void SnapshotBuilder::drop_service(const std::string& name, config::TimePoint now) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) {
        return;
    }
    Slot& slot = slots_[found->second];
    slot.known = false;
    slot.members.clear();
    slot.starting = false;
    if (named_by_route(slot)) {
        make_upstream(slot, now);  // stays as an empty one while a route, or an exchange under way, names it
        return;
    }
    retired_policies_.add(std::exchange(slot.policy, nullptr));
    slot.name.clear();
    slot.made.reset();
    by_name_.erase(found);
    dirty_ = true;
}

void SnapshotBuilder::set_routes(std::vector<config::Route> routes) {
    if (router_ && routes == routes_) {
        return;
    }
    auto former = std::exchange(route_policies_, {});
    std::unordered_multimap<std::string_view, std::shared_ptr<const route::RoutePolicy>*> by_route_name;
    for (auto& policy : former) {
        by_route_name.emplace(policy->route.name, &policy);
    }
    for (const auto& route : routes) {
        const auto* to = std::get_if<config::ToService>(&route.action);
        const std::uint32_t index = to == nullptr ? route::RoutePolicy::no_upstream : slot_of(to->service);
        const auto [first, last] = by_route_name.equal_range(route.name);
        const auto same = std::find_if(first, last, [&](const auto& entry) {
            const auto& policy = *entry.second;
            return policy && policy->upstream == index && policy->route == route;
        });
        if (same != last) {
            route_policies_.push_back(std::exchange(*same->second, nullptr));
            continue;
        }
        route_policies_.push_back(std::make_shared<const route::RoutePolicy>(
            route, index, workers_, route_names_.number_of(to == nullptr ? route.name : route.name + '\n' + to->service)));
        if (to != nullptr) {
            slots_[index].routes.push_back(route_policies_.back());
        }
    }
    for (auto& policy : former) {
        retired_routes_.add(std::move(policy));
    }
    routes_ = std::move(routes);
    router_ = std::make_shared<const route::Router>(route_policies_);
    dirty_ = true;
}

void SnapshotBuilder::set_listeners(const std::vector<config::Listener>& listeners) {
    const bool same = std::equal(listeners.begin(), listeners.end(), listeners_.begin(), listeners_.end(),
                                 [](const config::Listener& a, const auto& b) { return a == *b; });
    if (same) {
        return;
    }
    listeners_.clear();
    for (const auto& listener : listeners) {
        listeners_.push_back(std::make_shared<const config::Listener>(listener));
    }
    dirty_ = true;
}

void SnapshotBuilder::set_headers(const config::Headers& headers) {
    if (!headers_ || *headers_ != headers) {
        headers_ = std::make_shared<const config::Headers>(headers);
        dirty_ = true;
    }
}

void SnapshotBuilder::set_path(const config::Paths& path) {
    dirty_ = dirty_ || path != path_;
    path_ = path;
}

std::unique_ptr<const Snapshot> SnapshotBuilder::build() {
    if (!router_) {
        set_routes({});
    }
    if (!headers_) {
        set_headers({});
    }
    auto made = std::make_unique<Snapshot>();
    made->version = ++version_;
    made->router = router_;
    made->upstreams.reserve(slots_.size());
    for (const auto& slot : slots_) {
        // A number nobody names any more still needs something behind it.
        made->upstreams.push_back(slot.made ? slot.made : nullptr);
    }
    made->listeners = listeners_;
    for (const auto& listener : listeners_) {
        made->listener_numbers.push_back(listener_names_.number_of(listener->name));
    }
    made->headers = headers_;
    made->path = path_;
    dirty_ = false;
    return made;
}

void SnapshotBuilder::sweep() {
    const auto pinned = [](const auto& part) { return part.pins.any(); };
    retired_routes_.sweep(pinned);
    for (auto entry = by_name_.begin(); entry != by_name_.end();) {
        Slot& slot = slots_[entry->second];
        if (slot.known || named_by_route(slot)) {
            ++entry;
            continue;
        }
        retired_policies_.add(std::exchange(slot.policy, nullptr));
        slot.name.clear();
        slot.made.reset();
        entry = by_name_.erase(entry);
        dirty_ = true;
    }
    retired_policies_.sweep(pinned);
}

}  // namespace cardea::snapshot
