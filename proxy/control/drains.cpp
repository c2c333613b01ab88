#include "proxy/control/drains.hpp"

#include <algorithm>

namespace cardea::control {

config::Result<bool> Drains::add(DrainView order) {
    if (has(order.service, order.endpoint)) {
        return false;
    }
    if (orders_.size() >= most) {
        return config::failure(std::to_string(most) + " endpoints are drained already", {}, "undrain what is no longer there");
    }
    orders_.emplace(std::pair(std::move(order.service), std::move(order.endpoint)), Order{order.since, std::move(order.instances)});
    return true;
}

void Drains::follow(const discovery::ServiceEndpoints& service) {
    const auto& endpoints = service.endpoints;
    const auto of_service = [&service](const auto& order) { return order->first.first == service.service; };
    for (auto order = orders_.lower_bound({service.service, {}}); order != orders_.end() && of_service(order);) {
        const auto current = order++;
        const auto& [key, value] = *current;
        if (std::ranges::any_of(endpoints, [&key](const auto& one) { return one.id == key.second; })) {
            continue;
        }
        const auto renamed = std::ranges::find_if(endpoints, [&value](const auto& one) {
            return std::ranges::any_of(one.witnesses, [&value](const auto& witness) {
                return std::ranges::find(value.instances, witness.instance) != value.instances.end();
            });
        });
        if (renamed != endpoints.end()) {
            auto node = orders_.extract(current);
            node.key().second = renamed->id;
            orders_.insert(std::move(node));
        }
    }
}

bool Drains::remove(const std::string& service, const std::string& endpoint) {
    return orders_.erase({service, endpoint}) > 0;
}

std::vector<DrainView> Drains::view() const {
    std::vector<DrainView> views;
    views.reserve(orders_.size());
    for (const auto& [key, order] : orders_) {
        views.push_back({key.first, key.second, order.since, order.instances});
    }
    return views;
}

std::optional<discovery::ServiceEndpoints> Drains::over(const discovery::ServiceEndpoints& service) const {
    std::optional<discovery::ServiceEndpoints> changed;
    for (auto order = orders_.lower_bound({service.service, {}}); order != orders_.end() && order->first.first == service.service;
         ++order) {
        const auto& endpoints = changed ? changed->endpoints : service.endpoints;
        const auto found =
            std::find_if(endpoints.begin(), endpoints.end(), [&order](const auto& one) { return one.id == order->first.second; });
        if (found == endpoints.end() || found->status >= discovery::Status::draining) {
            continue;
        }
        const auto index = static_cast<std::size_t>(found - endpoints.begin());
        if (!changed) {
            changed = service;
        }
        changed->endpoints[index].status = discovery::Status::draining;
        changed->endpoints[index].why = why;
    }
    return changed;
}

bool names_endpoint(std::string_view which, const discovery::Endpoint& endpoint) {
    if (which.empty()) {
        return false;
    }
    const auto& places = endpoint.addresses;
    const auto& witnesses = endpoint.witnesses;
    return endpoint.id == which ||
           std::any_of(places.begin(), places.end(), [which](const auto& address) { return config::to_string(address) == which; }) ||
           std::any_of(witnesses.begin(), witnesses.end(), [which](const auto& key) {
               return key.instance == which || (key.instance.starts_with(which) && key.instance[which.size()] == ':');
           });
}

}  // namespace cardea::control
