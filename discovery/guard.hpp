#pragma once
// Is this removal believable? Between what one source publishes and what is used of it. An answer on weak evidence may add
// and change, but what it lacks stays as `held` for as long as probes find somebody there. Pure; one object a source;
// control thread. An answer of n facts costs O(n).

#include "config/config.hpp"
#include "discovery/action.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cardea::discovery {

class Guard {
public:
    /// From now on an answer together with what is held beside it has at most `most` facts.
    void hold_at_most(std::size_t most) { most_ = most; }
    /// Takes an answer; facts() is what to use from now on.
    void apply(Publish publish);
    /// What an earlier run knew, sorted by key: in force until the source says something about this query. Nothing
    /// happens when it has already.
    void restore(const std::string& query, std::vector<Fact> facts);
    /// The source has told all it knows: what was restored and it did not speak of is gone. The queries that changed.
    std::vector<std::string> drop_unanswered();
    /// Somebody tried and nobody is there, or somebody else is. True when it was held and is gone now; what an answer names stays. The key
    /// of one of a host name's addresses (`instance@ip`) stands for the instance.
    bool let_go(const std::string& query, const EndpointKey& key);
    /// Everything that is held at present.
    struct Held {
        std::string query{};
        Fact fact{};
    };
    [[nodiscard]] std::vector<Held> held() const;
    [[nodiscard]] std::size_t held_count() const { return held_; }
    [[nodiscard]] std::size_t restored_count() const;
    void forget(const std::string& query);

    /// Sorted by key; empty for a query that was never answered.
    [[nodiscard]] const std::vector<Fact>& facts(const std::string& query) const;
    /// The last answer was believed in full: worth remembering beyond this run.
    [[nodiscard]] bool sound(const std::string& query) const;
    [[nodiscard]] bool answered(const std::string& query) const;
    [[nodiscard]] bool knows(const std::string& query) const { return queries_.contains(query); }
    [[nodiscard]] std::vector<std::string> queries() const;

private:
    /// The source's answers are numbered; a held fact may be taken away by strong evidence that follows a complete,
    /// non-empty answer: a source that shows nothing (lost data, lost rights) proves nothing, and one that has begun to
    /// learn again shows one instance after the other.
    struct Query {
        std::vector<Fact> facts{};
        std::map<EndpointKey, std::uint64_t> held_since{};  ///< number of the answer that lacked it first
        Evidence evidence{Evidence::weak};
        bool answered{false};     ///< false: restored
        std::size_t restored{0};  ///< of the facts
    };
    [[nodiscard]] bool gone(const Fact& fact, std::uint64_t since, Evidence evidence) const;

    std::size_t most_{config::Discovery{}.max_service_endpoints};
    std::map<std::string, Query> queries_{};
    std::uint64_t answers_{0}, last_full_answer_{0};
    std::size_t held_{0};
};

}  // namespace cardea::discovery
