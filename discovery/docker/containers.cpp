#include "discovery/docker/containers.hpp"

#include <algorithm>
#include <utility>

namespace cardea::docker {
namespace {

constexpr config::Duration after_grace{2'000};  // between the end of the grace and `die`, on a loaded machine
constexpr int max_joins = 4;                    // container:X of container:Y ...
constexpr std::size_t max_notes = 100;

}  // namespace

void Containers::apply(const EngineEvent& event, config::TimePoint now) {
    if (event.happened == Happened::other || event.happened == Happened::stop) {
        return;
    }
    ++sequence_;
    auto at = entries_.find(event.container);
    if (at == entries_.end()) {
        if (event.happened == Happened::start) {  // anything else of an unknown one changes nothing: it does not run
            at = entries_.try_emplace(event.container).first;
            at->second.touched = sequence_;
            at->second.last_event_nano = event.time_nano;
            want_inspection(at->first, at->second);
        }
        return;
    }
    Entry& entry = at->second;
    const bool old = event.time_nano <= entry.last_event_nano || (entry.container && event.time_nano < entry.container->started_nano);
    entry.touched = sequence_;
    if (old && event.happened != Happened::start) {  // replayed, or the daemon's clock was set back
        want_inspection(at->first, entry);
        return;
    }
    entry.last_event_nano = std::max(entry.last_event_nano, event.time_nano);
    if (event.happened == Happened::die || event.happened == Happened::destroy) {
        remove(at, "event " + event.action);
        return;
    }
    if (entry.inspecting != 0 || !entry.container) {
        want_inspection(at->first, entry);
    }
    switch (event.happened) {
        case Happened::kill:
            killed(event, entry, now);
            break;
        case Happened::pause:
        case Happened::unpause:
            if (entry.container) {
                entry.container->paused = event.happened == Happened::pause;
            }
            break;
        case Happened::health:
            if (entry.container) {
                entry.container->health = event.health;
            }
            break;
        default:
            want_inspection(at->first, entry);
            return;
    }
    reread(event.container, "event " + event.action);
}

void Containers::killed(const EngineEvent& event, Entry& entry, config::TimePoint now) {
    if (!entry.container) {
        entry.early_signal = event.signal;
    } else if (!event.signal || entry.container->hides_signal) {
        want_inspection(event.container, entry);  // a label overwrote the number: only its state tells
    } else if (ends_it(*entry.container, *event.signal)) {
        entry.draining = now + entry.container->stop_timeout + after_grace;
        entry.undrain = false;
    }
}

bool Containers::ends_it(const Container& container, int signal) {
    return signal == container.stop_signal || signal == 9 || signal == 15;
}

void Containers::listed(const std::vector<Listed>& list, std::uint64_t asked) {
    std::set<std::string_view> present;
    for (const Listed& item : list) {
        present.insert(item.id);
        const auto [at, added] = entries_.try_emplace(item.id);
        if (added || at->second.shape != item.shape) {
            at->second.shape = item.shape;
            want_inspection(at->first, at->second);
        }
    }
    for (auto at = entries_.begin(); at != entries_.end();) {
        const auto here = at++;
        if (present.contains(here->first)) {
            continue;
        }
        if (here->second.touched > asked) {
            want_inspection(here->first, here->second);
        } else {
            remove(here, "absent from the list");
        }
    }
}

void Containers::want_inspection(const std::string& id, Entry& entry) {
    entry.retry.reset();
    waiting_.insert(id);
}

std::optional<std::string> Containers::next_inspection(discovery::Ticket ticket, config::TimePoint now) {
    for (auto at = waiting_.begin(); at != waiting_.end(); ++at) {
        Entry& entry = entries_.at(*at);
        if (entry.inspecting == 0 && (!entry.retry || *entry.retry <= now)) {
            entry.inspecting = ticket;
            entry.retry.reset();
            ++in_flight_;
            return std::move(waiting_.extract(at).value());
        }
    }
    return std::nullopt;
}

void Containers::inspected(const std::string& id, discovery::Ticket ticket, const Container& container, config::TimePoint now) {
    const auto at = entries_.find(id);
    if (at == entries_.end() || at->second.inspecting != ticket) {
        return;
    }
    Entry& entry = at->second;
    entry.inspecting = 0;
    --in_flight_;
    if (waiting_.contains(id)) {
        return;  // something happened since: it is asked again
    }
    if (!container.running) {
        remove(at, "not running");
        return;
    }
    const bool another_process = entry.container && entry.container->started_at != container.started_at;
    if (another_process || entry.undrain) {
        entry.draining.reset();
    }
    entry.undrain = false;
    if (entry.early_signal && ends_it(container, *entry.early_signal) && !container.hides_signal) {
        entry.draining = now + container.stop_timeout + after_grace;
    }
    entry.early_signal.reset();
    entry.container = container;
    if (container.network_mode.starts_with("container:")) {
        joined_.insert(id);
    }
    reread(id, "inspected");
}

void Containers::inspected_gone(const std::string& id, discovery::Ticket ticket) {
    const auto at = entries_.find(id);
    if (at != entries_.end() && at->second.inspecting == ticket) {
        remove(at, "no such container");
    }
}

void Containers::inspection_failed(const std::string& id, discovery::Ticket ticket, config::TimePoint retry) {
    const auto at = entries_.find(id);
    if (at != entries_.end() && at->second.inspecting == ticket) {
        at->second.inspecting = 0;
        --in_flight_;
        waiting_.insert(id);
        at->second.retry = retry;
    }
}

void Containers::abandon_inspections() {
    for (auto& [id, entry] : entries_) {
        if (entry.inspecting != 0) {
            entry.inspecting = 0;
            waiting_.insert(id);
        }
    }
    in_flight_ = 0;
}

bool Containers::settled() const {
    return in_flight_ == 0 &&
           std::all_of(waiting_.begin(), waiting_.end(), [this](const auto& id) { return entries_.at(id).retry.has_value(); });
}

std::optional<config::TimePoint> Containers::deadline(config::TimePoint now) const {
    std::optional<config::TimePoint> first;
    for (const auto& [id, entry] : entries_) {
        for (const auto& due : {entry.draining, entry.retry}) {
            if (due && *due > now && (!first || *due < *first)) {
                first = due;
            }
        }
    }
    return first;
}

void Containers::tick(config::TimePoint now) {
    for (auto& [id, entry] : entries_) {
        if (entry.draining && !entry.undrain && *entry.draining <= now) {
            entry.undrain = true;
            want_inspection(id, entry);
        }
    }
}

void Containers::set_host_name(const std::string& name) {
    if (name == engine_.host_name) {
        return;
    }
    engine_.host_name = name;
    for (const auto& [id, entry] : entries_) {
        reread_one(id, "host name");
    }
}

void Containers::remove(Entries::iterator at, const std::string& cause) {
    const std::string id = at->first;
    replace(id, at->second, {}, cause);
    in_flight_ -= at->second.inspecting != 0 ? 1 : 0;
    waiting_.erase(id);
    joined_.erase(id);
    entries_.erase(at);
    for (const auto& other : joined_) {
        reread_one(other, cause);
    }
}

void Containers::reread(const std::string& id, const std::string& cause) {
    reread_one(id, cause);
    for (const auto& other : joined_) {
        if (other != id) {
            reread_one(other, cause);
        }
    }
}

void Containers::reread_one(const std::string& id, const std::string& cause) {
    Entry& entry = entries_.at(id);
    if (!entry.container) {
        return;
    }
    Reading reading;
    if (const Container* owner = network_owner(*entry.container)) {
        reading = read_container(engine_, *entry.container, *owner);
        set_status(*entry.container, entry.draining.has_value(), reading.facts);
    } else {
        reading.skipped.emplace_back("the container whose network it uses does not run");
    }
    replace(id, entry, std::move(reading), cause);
}

const Container* Containers::network_owner(const Container& container) const {
    constexpr std::string_view joins = "container:";
    const Container* owner = &container;
    for (int depth = 0; depth <= max_joins; ++depth) {
        if (!owner->network_mode.starts_with(joins)) {
            return owner;
        }
        const auto at = entries_.find(std::string_view(owner->network_mode).substr(joins.size()));
        if (at == entries_.end()) {
            return nullptr;
        }
        const auto& joined = at->second.container;
        if (!joined) {
            return nullptr;
        }
        owner = &*joined;
    }
    return nullptr;
}

void Containers::set_status(const Container& container, bool draining, std::vector<discovery::Fact>& facts) {
    auto status = discovery::Status::up;
    const char* why = "";
    if (container.paused) {
        status = discovery::Status::paused;
        why = "container paused";
    } else if (draining) {
        status = discovery::Status::draining;
        why = "container got its stop signal";
    } else if (container.health == Health::unhealthy) {
        status = discovery::Status::down;
        why = "HEALTHCHECK says unhealthy";
    } else if (container.health == Health::starting) {
        status = discovery::Status::starting;
        why = "HEALTHCHECK has not passed yet";
    }
    for (auto& fact : facts) {
        fact.status = status;
        fact.why = why;
    }
}

void Containers::replace(const std::string& id, Entry& entry, Reading reading, const std::string& cause) {
    if (entry.reading.facts != reading.facts) {
        for (const auto& fact : entry.reading.facts) {
            const auto service = services_.find(fact.service);
            if (service != services_.end()) {
                service->second.erase(id);
            }
            changed_[fact.service] = cause;
        }
        for (const auto& fact : reading.facts) {
            services_[fact.service].insert(id);
            changed_[fact.service] = cause;
        }
    }
    entry.reading = std::move(reading);
}

std::vector<discovery::Publish> Containers::take_changes() {
    std::vector<discovery::Publish> out;
    for (auto& [service, cause] : changed_) {
        discovery::Publish publish{service, {}, discovery::Evidence::strong, std::move(cause)};
        const auto ids = services_.find(service);
        if (ids != services_.end() && ids->second.empty()) {
            services_.erase(ids);
        } else if (ids != services_.end()) {
            for (const auto& id : ids->second) {
                for (const auto& fact : entries_.at(id).reading.facts) {
                    if (fact.service == service) {
                        publish.facts.push_back(fact);
                    }
                }
            }
        }
        std::sort(publish.facts.begin(), publish.facts.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
        out.push_back(std::move(publish));
    }
    changed_.clear();
    return out;
}

void Containers::describe(discovery::SourceStatus& status) const {
    std::set<std::string> notes;
    status.skipped.clear();
    for (const auto& [id, entry] : entries_) {
        for (const auto& reason : entry.reading.skipped) {
            ++status.skipped[reason];
        }
        notes.insert(entry.reading.notes.begin(), entry.reading.notes.end());
    }
    status.notes.assign(notes.begin(), notes.end());
    status.notes.resize(std::min(status.notes.size(), max_notes));
}

}  // namespace cardea::docker
