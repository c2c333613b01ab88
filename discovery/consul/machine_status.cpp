#include "discovery/consul/machine.hpp"

namespace cardea::consul {

discovery::SourceStatus Machine::status() const {
    discovery::SourceStatus status{.connected = connected_, .synced = true, .errors = errors_};
    std::uint64_t revision = 0;
    for (const auto& [query, entry] : entries_) {
        status.synced = status.synced && entry.watch.answered_once();
        revision = std::max(revision, entry.watch.index());
        for (const auto& [reason, count] : entry.watch.skipped()) {
            status.skipped[reason] += count;
        }
        if (!entry.watch.doubt().empty()) {
            status.stale = entry.watch.doubt();
        }
        if (connected_ && !entry.error.empty() && status.notes.size() < notes_max) {  // else last_error says it for all
            status.notes.push_back("query '" + query + "': " + entry.error);
        }
    }
    status.revision = revision == 0 ? "" : std::to_string(revision);
    status.last_error = connected_ && !reach_.in_trouble() ? "" : last_error_;
    for (const std::string& note : notes_) {
        if (status.notes.size() < notes_max) {
            status.notes.push_back(note);
        }
    }
    if (entries_.empty()) {
        status.notes.emplace_back("no service refers to this source");
    }
    if (unlisted_ > 0) {
        status.notes.insert(status.notes.begin(), "watches " + std::to_string(listed_max) + " services, " + std::to_string(unlisted_) +
                                                      " more are registered: name those you need in the configuration");
    }
    return status;
}

}  // namespace cardea::consul
