#include "discovery/journal.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cardea::discovery {

namespace {

using EntryKind = JournalEntry::Kind;

constexpr std::size_t journal_text_max = 512;
constexpr std::size_t counted_sources_max = 256;

constexpr std::array<std::pair<EntryKind, std::string_view>, 12> kind_words{{
    {EntryKind::started, "started"},
    {EntryKind::endpoint_added, "endpoint_added"},
    {EntryKind::endpoint_state, "endpoint_state"},
    {EntryKind::endpoint_changed, "endpoint_changed"},
    {EntryKind::endpoint_removed, "endpoint_removed"},
    {EntryKind::receipt, "receipt"},
    {EntryKind::drained, "drained"},
    {EntryKind::undrained, "undrained"},
    {EntryKind::source_state, "source_state"},
    {EntryKind::source_answer, "source_answer"},
    {EntryKind::config_applied, "config_applied"},
    {EntryKind::config_refused, "config_refused"},
}};

void cut_texts(JournalEntry& entry) {
    for (auto* const text :
         {&entry.service, &entry.endpoint, &entry.source, &entry.cause, &entry.evidence, &entry.effect, &entry.state, &entry.address}) {
        if (text->size() > journal_text_max) {
            text->resize(journal_text_max);
        }
    }
}

std::uint64_t micros_of(config::WallTime time) {
    const auto count = std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
    return static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0));
}

}  // namespace

std::string_view word_of(JournalEntry::Kind kind) {
    const auto* const found = std::find_if(kind_words.begin(), kind_words.end(), [kind](const auto& item) { return item.first == kind; });
    return found == kind_words.end() ? std::string_view{} : found->second;
}

std::optional<JournalEntry::Kind> journal_kind(std::string_view word) {
    const auto* const found = std::find_if(kind_words.begin(), kind_words.end(), [word](const auto& item) { return item.second == word; });
    return found == kind_words.end() ? std::nullopt : std::optional(found->first);
}

Journal::Journal(std::size_t entries_max, config::WallTime now)
    : entries_max_(std::max<std::size_t>(entries_max, 1)),
      kept_since_(std::chrono::floor<std::chrono::milliseconds>(now)),
      last_id_(micros_of(now)) {}

/// What an entry does to the sets.
void Journal::follow(Sets& sets, const JournalEntry& entry) {
    switch (entry.kind) {
        case EntryKind::started:
            sets.clear();
            break;
        case EntryKind::endpoint_removed:
            if (const auto set = sets.find(entry.service); set != sets.end()) {
                set->second.erase(entry.endpoint);
                if (set->second.empty()) {
                    sets.erase(set);
                }
            }
            break;
        case EntryKind::endpoint_added:
        case EntryKind::endpoint_state:
        case EntryKind::endpoint_changed: {
            PastMember& member = sets[entry.service][entry.endpoint];
            const bool same_state = member.state == entry.state;
            if (!same_state || entry.kind != EntryKind::endpoint_changed) {
                member.source = entry.source;
                member.cause = entry.cause;
            }
            member.endpoint = entry.endpoint;
            member.address = entry.address;
            member.weight = entry.weight;
            if (!same_state) {
                member.state = entry.state;
                member.since = entry.at;
            }
            break;
        }
        default:
            break;
    }
}

void Journal::make_way() {
    while (entries_.size() > entries_max_) {
        follow(before_, entries_.front());
        kept_since_ = entries_.front().at;
        entries_.pop_front();
        ++dropped_;
    }
}

const JournalEntry& Journal::add(JournalEntry entry) {
    entry.id = ++last_id_;
    entry.at = std::chrono::floor<std::chrono::milliseconds>(entry.at);
    cut_texts(entry);
    if (sources_.size() < counted_sources_max) {
        sources_.insert(entry.source);
    }
    ++added_[{sources_.contains(entry.source) ? entry.source : "others", entry.kind}];
    entries_.push_back(std::move(entry));
    make_way();
    return entries_.back();
}

void Journal::restore(std::vector<JournalEntry> entries) {
    if (entries.empty()) {
        return;
    }
    kept_since_ = entries.front().at;
    std::uint64_t former = 0;
    for (auto& entry : entries) {
        if (entry.id > former) {
            former = entry.id;
            entries_.push_back(std::move(entry));
        }
    }
    last_id_ = std::max(last_id_, former);
    make_way();
    dropped_ = 0;  // what an earlier process said and is not kept is no loss of this one
}

void Journal::set_entries_max(std::size_t entries_max) {
    entries_max_ = std::max<std::size_t>(entries_max, 1);
    make_way();
}

std::vector<const JournalEntry*> Journal::find(const Query& query) const {
    std::vector<const JournalEntry*> found;
    for (auto entry = entries_.rbegin(); entry != entries_.rend() && entry->id > query.after && found.size() < query.newest; ++entry) {
        if (entry->at >= query.since && (query.service.empty() || entry->service == query.service)) {
            found.push_back(&*entry);
        }
    }
    std::reverse(found.begin(), found.end());
    return found;
}

std::vector<const JournalEntry*> Journal::next(std::uint64_t after, std::size_t most) const {
    std::vector<const JournalEntry*> found;
    auto entry =
        std::upper_bound(entries_.begin(), entries_.end(), after, [](std::uint64_t id, const JournalEntry& one) { return id < one.id; });
    for (; entry != entries_.end() && found.size() < most; ++entry) {
        found.push_back(&*entry);
    }
    return found;
}

std::optional<std::vector<PastMember>> Journal::set_at(std::string_view service, config::WallTime when) const {
    if (when < kept_since_) {
        return std::nullopt;
    }
    Sets sets;
    if (const auto before = before_.find(service); before != before_.end()) {
        sets.insert(*before);
    }
    for (const JournalEntry& entry : entries_) {
        // Every entry is looked at: a clock that was set back makes their times overlap, their order does not change.
        if (entry.at <= when && (entry.service == service || entry.kind == EntryKind::started)) {
            follow(sets, entry);
        }
    }
    std::vector<PastMember> members;
    if (const auto set = sets.find(service); set != sets.end()) {
        for (auto& [id, member] : set->second) {
            members.push_back(std::move(member));
        }
    }
    return members;
}

bool Journal::knows(std::string_view service) const {
    return before_.contains(service) ||
           std::any_of(entries_.begin(), entries_.end(), [service](const JournalEntry& entry) { return entry.service == service; });
}

}  // namespace cardea::discovery
