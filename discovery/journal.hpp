#pragma once
// The journal: every fact that changed who may serve, with time, source, cause, evidence and effect, in the order it acted.
// Bounded: the oldest entries make way, but the sets they led to are remembered, so that the set of a service can be told
// for any moment since. Pure, told the time by its entries; control thread. An entry costs O(log n), a past set O(entries).

#include "config/units.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cardea::discovery {

/// What became of the requests that an endpoint had at its signal: at the moment it was told to leave, or vanished.
struct Receipt {
    std::uint64_t in_flight{0};  ///< at the signal: the sum of the others
    std::uint64_t finished{0};   ///< ended by their answer, or by their client
    std::uint64_t moved{0};      ///< went to another endpoint, or to wait for one
    std::uint64_t failed{0};     ///< lost, or cut at the end of the drain time
    friend bool operator==(const Receipt&, const Receipt&) = default;
};

struct JournalEntry {
    enum class Kind : std::uint8_t {
        started,           ///< the process began: nothing from before is served any more
        endpoint_added,    ///< first seen
        endpoint_state,    ///< may serve, may not, or not yet
        endpoint_changed,  ///< weight or address, in the same state
        endpoint_removed,  ///< gone from every source
        receipt,           ///< the last of its requests has ended
        drained,           ///< by an operator
        undrained,
        source_state,   ///< found, lost
        source_answer,  ///< an answer that is not believed to the letter
        config_applied,
        config_refused,
    };
    std::uint64_t id{0};  ///< grows with every entry, also over restarts; given by the journal
    config::WallTime at{};
    Kind kind{Kind::started};
    std::string service{}, endpoint{};  ///< empty where it does not apply
    std::string source{};               ///< who knew: `consul:dc1`, `docker:h2`, `names`, `probe`, `traffic`, `operator`, `config`, `clock`
    std::string cause{};                ///< what made it known: `index 120 -> 124`, `event die`, `no answer in time`
    std::string evidence{};             ///< of a registry's word: `strong`, `settling`, `weak`
    std::string effect{};               ///< `unprobed -> up`, `up -> removed`, `lost`
    std::string state{};                ///< of the endpoint from now on; empty: gone, or not about one
    std::string address{};              ///< of the endpoint, the one dialled first
    std::uint32_t weight{1};
    std::optional<Receipt> receipt{};
    friend bool operator==(const JournalEntry&, const JournalEntry&) = default;
};

[[nodiscard]] std::string_view word_of(JournalEntry::Kind kind);  ///< `endpoint_added`
[[nodiscard]] std::optional<JournalEntry::Kind> journal_kind(std::string_view word);

/// One endpoint of a past set.
struct PastMember {
    std::string endpoint{}, address{}, state{};
    std::uint32_t weight{1};
    config::WallTime since{};  ///< of `state`
    std::string source{}, cause{};
    friend bool operator==(const PastMember&, const PastMember&) = default;
};

class Journal {
public:
    /// Keeps `entries_max` entries. Ids begin after `now` in microseconds: an id of an earlier process stays behind them.
    Journal(std::size_t entries_max, config::WallTime now);

    /// Gives it its id, cuts its time to the millisecond that people are shown and its texts to 512 bytes, keeps it; the
    /// oldest one may make way.
    const JournalEntry& add(JournalEntry entry);
    /// Entries of an earlier process, oldest first, as they were kept (their ids must grow). Before the first add().
    void restore(std::vector<JournalEntry> entries);
    void set_entries_max(std::size_t entries_max);

    struct Query {
        std::string_view service{};  ///< empty: everything
        std::uint64_t after{0};      ///< ids above
        config::WallTime since{config::WallTime::min()};
        std::size_t newest{1'000};  ///< at most so many, the newest ones
    };
    /// Oldest first; valid until the next add(), restore() or set_entries_max().
    [[nodiscard]] std::vector<const JournalEntry*> find(const Query& query) const;
    /// At most `most` entries with ids above `after`, oldest first; for readers that follow.
    [[nodiscard]] std::vector<const JournalEntry*> next(std::uint64_t after, std::size_t most) const;

    /// The set at this moment; none before kept_since().
    [[nodiscard]] std::optional<std::vector<PastMember>> set_at(std::string_view service, config::WallTime when) const;
    [[nodiscard]] config::WallTime kept_since() const { return kept_since_; }
    [[nodiscard]] bool knows(std::string_view service) const;  ///< has an entry or had an endpoint at kept_since()

    [[nodiscard]] std::uint64_t first_id() const { return entries_.empty() ? last_id_ + 1 : entries_.front().id; }
    [[nodiscard]] std::uint64_t last_id() const { return last_id_; }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }  ///< entries that made way
    /// Entries added by this process, by source and kind; those of the 257th source and later as `others`.
    using Counts = std::map<std::pair<std::string, JournalEntry::Kind>, std::uint64_t>;
    [[nodiscard]] const Counts& added() const { return added_; }

private:
    using Set = std::map<std::string, PastMember, std::less<>>;
    using Sets = std::map<std::string, Set, std::less<>>;
    static void follow(Sets& sets, const JournalEntry& entry);
    void make_way();

    std::size_t entries_max_;
    std::deque<JournalEntry> entries_{};
    Sets before_{};  ///< the sets as they were before the oldest entry
    config::WallTime kept_since_{};
    std::uint64_t last_id_;
    std::uint64_t dropped_{0};
    std::set<std::string> sources_{};  ///< counted by their own name
    Counts added_{};
};

}  // namespace cardea::discovery
