#include "proxy/control/endpoint_book.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace cardea::control {

std::string state_word(balance::Suspension suspension, discovery::Status status) {
    switch (suspension) {
        case balance::Suspension::none:
            return "up";
        case balance::Suspension::unprobed:
            return "unprobed";
        case balance::Suspension::refused:
            return "refused";
        case balance::Suspension::lost:
            return "lost";
        case balance::Suspension::frozen:
            return "frozen";
        case balance::Suspension::flapping:
            return "flapping";
        case balance::Suspension::probe_failed:
            return "failing";
        case balance::Suspension::ejected:
            return "ejected";
        case balance::Suspension::removed:
            return "removed";
        case balance::Suspension::registry:
            break;
    }
    switch (status) {
        case discovery::Status::starting:
            return "starting";
        case discovery::Status::draining:
            return "draining";
        case discovery::Status::paused:
            return "paused";
        default:
            return "down";
    }
}

Effects& Effects::operator+=(Effects other) {
    services.merge(other.services);
    urgent = urgent || other.urgent;
    move_waiting = move_waiting || other.move_waiting;
    std::move(other.abort.begin(), other.abort.end(), std::back_inserter(abort));
    std::move(other.departures.begin(), other.departures.end(), std::back_inserter(departures));
    std::move(other.transitions.begin(), other.transitions.end(), std::back_inserter(transitions));
    std::move(other.absent.begin(), other.absent.end(), std::back_inserter(absent));
    return *this;
}

Transition EndpointBook::transition(const Entry& entry, std::string to, std::string why) {
    const auto& state = *entry.state;
    const std::size_t index = state.address_index.load(std::memory_order_relaxed);
    std::string address = index < state.addresses.size() ? config::to_string(state.addresses[index]) : std::string{};
    return {state.service, entry.facts.id, entry.word, std::move(to), std::move(why), std::move(address), entry.facts.weight};
}

std::vector<snapshot::ServiceMember> EndpointBook::members(const std::string& service) const {
    std::vector<snapshot::ServiceMember> members;
    if (const auto found = services_.find(service); found != services_.end()) {
        const Endpoints& endpoints = found->second.endpoints;
        members.reserve(endpoints.size());
        const bool ramps =
            std::any_of(endpoints.begin(), endpoints.end(), [](const auto& one) { return one.second->ramp_begin.has_value(); });
        for (const auto& [id, entry] : endpoints) {
            members.push_back({entry->state, entry->facts.weight * (ramps ? entry->share : 1),
                               entry->health.suspension() == balance::Suspension::none, entry->health.last_resort()});
        }
    }
    return members;
}

bool EndpointBook::awaits_admission(const std::string& service) const {
    const auto found = services_.find(service);
    if (found == services_.end()) {
        return false;
    }
    const Endpoints& endpoints = found->second.endpoints;
    return std::all_of(endpoints.begin(), endpoints.end(),
                       [](const auto& item) { return item.second->word == "unprobed" || item.second->word == "starting"; });
}

std::vector<EndpointView> EndpointBook::view() const {
    std::vector<EndpointView> views;
    for (const auto& [name, service] : services_) {
        for (const auto& [id, entry] : service.endpoints) {
            const auto& state = *entry->state;
            EndpointView view;
            view.service = name;
            view.id = id;
            for (const auto& address : state.addresses) {
                view.addresses.push_back(config::to_string(address));
            }
            const std::size_t index = state.address_index.load(std::memory_order_relaxed);
            if (index > 0 && index < view.addresses.size()) {
                std::rotate(view.addresses.begin(), view.addresses.begin() + static_cast<std::ptrdiff_t>(index),
                            view.addresses.begin() + static_cast<std::ptrdiff_t>(index) + 1);
            }
            view.state = entry->word;
            view.why = entry->health.why();
            if (entry->ramp_begin) {
                view.why = "slow start: " + std::to_string(entry->share * 100 / health::full_share) + " % of its weight";
            }
            view.since = entry->since;
            view.weight = entry->facts.weight;
            view.in_flight = state.in_flight.load(std::memory_order_relaxed);
            view.requests = state.requests.load(std::memory_order_relaxed);
            view.failures = state.failures.load(std::memory_order_relaxed);
            for (const auto& witness : entry->facts.witnesses) {
                view.witnesses.push_back(witness.source + ' ' + witness.instance);
            }
            view.held = entry->facts.held;
            view.restored = entry->facts.restored;
            view.dispute = entry->facts.dispute;
            views.push_back(std::move(view));
        }
    }
    return views;
}

}  // namespace cardea::control
