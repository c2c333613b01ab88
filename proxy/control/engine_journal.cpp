// What the control plane remembers of what it does, and the orders of operators.
#include "config/text.hpp"
#include "proxy/control/engine.hpp"

#include <utility>

namespace cardea::control {

using EntryKind = discovery::JournalEntry::Kind;

namespace {

std::string joined(const std::string& cause, const std::string& why) {
    return cause.empty() || why.empty() ? cause + why : cause + ", " + why;
}

}  // namespace

/// An answer that takes nothing away is worth a line once, not at each repetition.
void Control::Engine::heard_from(std::string_view source, const discovery::Publish& publish) {
    told_by_ = {std::string(source), publish.cause, std::string(discovery::to_string(publish.evidence))};
    if (publish.evidence != discovery::Evidence::weak) {
        doubted_.erase({told_by_.source, publish.query});
    } else if (doubted_.emplace(told_by_.source, publish.query).second) {
        note(EntryKind::source_answer, publish.query + ": " + std::to_string(publish.facts.size()) + " named, nobody taken away");
    }
}

void Control::Engine::note(EntryKind kind, std::string effect) {
    discovery::JournalEntry entry;
    entry.kind = kind;
    entry.effect = std::move(effect);
    entry.cause = told_by_.cause;
    note(std::move(entry));
}

void Control::Engine::note(discovery::JournalEntry entry) {
    if (!given_.journal) {
        return;
    }
    entry.at = std::chrono::system_clock::now();
    entry.source = told_by_.source;
    entry.evidence = told_by_.evidence;
    given_.journal(std::move(entry));
}

void Control::Engine::log_transition(const Transition& transition) {
    const bool same = transition.from == transition.to;
    if (!same) {
        numbers_.admissions += transition.to == "up" ? 1U : 0U;
        numbers_.ejections += transition.to == "ejected" ? 1U : 0U;
        numbers_.suspensions += transition.from == "up" && !transition.to.empty() && transition.to != "ejected" ? 1U : 0U;
    }
    discovery::JournalEntry entry;
    entry.kind = same                      ? EntryKind::endpoint_changed
                 : transition.from.empty() ? EntryKind::endpoint_added
                 : transition.to.empty()   ? EntryKind::endpoint_removed
                                           : EntryKind::endpoint_state;
    entry.service = transition.service;
    entry.endpoint = transition.endpoint;
    entry.effect =
        same || transition.from.empty() ? transition.to : transition.from + " -> " + (transition.to.empty() ? "removed" : transition.to);
    entry.cause = joined(told_by_.cause, transition.why);
    entry.state = transition.to;
    entry.address = transition.address;
    entry.weight = transition.weight;
    if (given_.log != nullptr) {
        given_.log->info(discovery::word_of(entry.kind), {{"service", entry.service},
                                                          {"endpoint", entry.endpoint},
                                                          {"state", entry.effect},
                                                          {"source", told_by_.source},
                                                          {"why", entry.cause}});
    }
    note(std::move(entry));
}

void Control::Engine::log_departure(const Departure& departure) {
    const auto& receipt = departure.receipt;
    discovery::JournalEntry entry;
    entry.kind = EntryKind::receipt;
    entry.service = departure.service;
    entry.endpoint = departure.endpoint;
    entry.receipt = receipt;
    entry.effect = std::to_string(receipt.in_flight) + " in flight: " + std::to_string(receipt.finished) + " finished, " +
                   std::to_string(receipt.moved) + " moved, " + std::to_string(receipt.failed) + " failed";
    if (given_.log != nullptr && receipt.failed > 0) {
        given_.log->warning("requests_lost", {{"service", entry.service}, {"endpoint", entry.endpoint}, {"receipt", entry.effect}});
    }
    ++numbers_.receipts;
    numbers_.receipt_finished += receipt.finished;
    numbers_.receipt_moved += receipt.moved;
    numbers_.receipt_failed += receipt.failed;
    note(std::move(entry));
}

// ------------------------------------------------------------------------------------------- orders of operators

config::Result<std::vector<DrainView>> Control::Engine::drain_endpoint(std::string_view which, std::string_view service) {
    const auto now = std::chrono::system_clock::now();
    std::vector<DrainView> named;
    for (const auto& [name, endpoints] : pipeline_.catalog()) {
        if (!service.empty() && name != service) {
            continue;
        }
        for (const auto& endpoint : endpoints->endpoints) {
            if (names_endpoint(which, endpoint)) {
                DrainView order{name, endpoint.id, now};
                std::ranges::transform(endpoint.witnesses, std::back_inserter(order.instances),
                                       [](const auto& key) { return key.instance; });
                named.push_back(std::move(order));
            }
        }
    }
    if (named.empty()) {
        return config::failure(
            "no endpoint `" + config::printable(which) + "`" + (service.empty() ? "" : " in service `" + config::printable(service) + "`"),
            {}, "`cardea endpoints` lists them");
    }
    told_by_ = {"operator", "drain", {}};
    for (const auto& one : named) {
        const auto added = drains_.add(one);
        if (!added) {
            return tl::unexpected(added.error());
        }
        if (*added) {
            discovery::JournalEntry entry;
            entry.kind = EntryKind::drained;
            entry.service = one.service;
            entry.endpoint = one.endpoint;
            note(std::move(entry));
            Effects effects;
            take_service(one.service, effects);
            apply(std::move(effects));
        }
    }
    return named;
}

void Control::Engine::keep_drained(std::vector<DrainView> orders) {
    Effects effects;
    for (auto& order : orders) {
        const std::string service = order.service;
        if (drains_.add(std::move(order)) && pipeline_.catalog().contains(service)) {
            take_service(service, effects);
        }
    }
    apply(std::move(effects));
}

config::Result<std::vector<DrainView>> Control::Engine::undrain_endpoint(std::string_view which, std::string_view service) {
    std::vector<DrainView> named;
    for (const auto& order : drains_.view()) {
        if (!service.empty() && order.service != service) {
            continue;
        }
        const auto found = pipeline_.catalog().find(order.service);
        bool meant = order.endpoint == which;  // also one that is away just now
        if (found != pipeline_.catalog().end()) {
            for (const auto& endpoint : found->second->endpoints) {
                meant = meant || (endpoint.id == order.endpoint && names_endpoint(which, endpoint));
            }
        }
        if (meant) {
            named.push_back(order);
        }
    }
    if (named.empty()) {
        return config::failure("`" + config::printable(which) + "` is not drained by an operator", {}, "`cardea endpoints` shows what is");
    }
    told_by_ = {"operator", "undrain", {}};
    for (const auto& one : named) {
        drains_.remove(one.service, one.endpoint);
        discovery::JournalEntry entry;
        entry.kind = EntryKind::undrained;
        entry.service = one.service;
        entry.endpoint = one.endpoint;
        note(std::move(entry));
        Effects effects;
        take_service(one.service, effects);
        apply(std::move(effects));
    }
    return named;
}

}  // namespace cardea::control
