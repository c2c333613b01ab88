#pragma once
// One query kept up to date with blocking reads (https://developer.hashicorp.com/consul/api-docs/features/blocking): what to ask
// next, and what an answer means. It sends nothing and waits for nothing: the machine does. Pure; control thread.

#include "config/config.hpp"
#include "discovery/backoff.hpp"
#include "discovery/consul/parse_health.hpp"
#include "discovery/consul/rights.hpp"
#include "discovery/consul/standing.hpp"
#include "discovery/event.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cardea::consul {

/// What an answer to a watch amounts to.
struct Outcome {
    enum class Kind : std::uint8_t {
        good,         ///< Consul answered and was understood
        failed,       ///< no usable answer: ask again soon, perhaps somebody else
        denied,       ///< 403: rights are missing; ask again soon, the token may have been replaced
        bad_request,  ///< 400: the question itself is wrong
        throttled,    ///< 429: ask again after `pause`
    };
    Kind kind{Kind::good};
    std::string error{};                              ///< with the text of the answer, for the person who has to mend it
    config::Duration pause{0};                        ///< before the next request of this watch, at least
    bool others{false};                               ///< good and short: instances have come or gone
    std::optional<discovery::Publish> publish{};      ///< good: facts to pass on, if there is anything new to say
    std::optional<std::vector<std::string>> names{};  ///< good answer to the list of services
};

class Watch {
public:
    /// Everything that is alike for the watches of one source.
    struct Common {
        std::string source{};
        bool stale_reads{true};
        bool allow_warning{true};
        bool local_source{false};
        bool has_token{false};
        std::string datacenter{};
    };

    /// Watches the instances of one service.
    Watch(const config::ConsulRef& ref, std::string query, const Common& common);
    /// Watches the list of services.
    explicit Watch(const Common& common);

    struct Request {
        std::string method{"GET"};
        std::string target{}, body{};
        config::Duration timeout{};
    };
    /// Blocking once an index is known, for `wait` at most; shorter while doubtful removals wait for confirmation. After an
    /// empty answer: whether we may see what it lacks.
    [[nodiscard]] Request request(config::Duration wait) const;

    Outcome answered(const discovery::Answered& answer, config::TimePoint now);
    /// No complete answer came.
    Outcome failed(const std::string& reason);

    /// Another watch of the same source has shown instances.
    void source_has_data() { standing_.source_has_data(); }

    [[nodiscard]] bool answered_once() const { return answered_once_; }
    /// Why the last answer may not be the whole truth; empty when it is.
    [[nodiscard]] const std::string& doubt() const { return doubt_; }
    [[nodiscard]] std::uint64_t index() const { return index_; }
    [[nodiscard]] const std::map<std::string, std::uint64_t>& skipped() const { return skipped_; }

private:
    Outcome complete(const discovery::Answered& answer, config::TimePoint now);
    Outcome entries(const discovery::Answered& answer, config::TimePoint now);
    /// An answer on its way out; an empty one waits for what rights_answered() finds.
    struct Conclusion {
        discovery::Evidence evidence{discovery::Evidence::weak};
        bool changed{false};
        std::string cause{};
    };
    [[nodiscard]] std::optional<discovery::Publish> conclude(Conclusion conclusion, config::TimePoint now);
    Outcome rights_answered(const discovery::Answered& answer, config::TimePoint now);
    [[nodiscard]] std::optional<discovery::Publish> publish(Conclusion conclusion);
    Signs signs_of(const discovery::Answered& answer, std::uint64_t index, bool empty);
    Outcome trouble(Outcome outcome);
    [[nodiscard]] bool lists_services() const { return path_.ends_with("/catalog/services"); }

    std::string service_{}, query_{}, path_{}, parameters_{}, datacenter_{};
    EntryRules rules_{};
    bool has_token_{false};

    std::uint64_t index_{0};  ///< for the next request; 0 = ask without waiting
    bool answered_once_{false};
    Standing standing_{};
    discovery::TokenBucket bucket_, swift_bucket_;  ///< the second for answers that are known to mean progress
    std::vector<discovery::Fact> facts_{};
    std::set<std::string> nodes_{};  ///< where the last instances were
    bool empty_{true};               ///< no entry in the last answer, not even one that could not be used
    bool seen_any_{false};
    unsigned strong_in_a_row_{0};          ///< the second one lets go of what was held until the first
    Rights rights_{Rights::unknown};       ///< to see what an empty answer lacks; of the present emptiness
    std::optional<Conclusion> waiting_{};  ///< for the rights to be known: they are asked for next
    config::TimePoint ask_rights_again_{};
    std::string doubt_{};
    std::map<std::string, std::uint64_t> skipped_{};
};

}  // namespace cardea::consul
