#pragma once
// One query kept up to date with blocking reads (https://developer.hashicorp.com/consul/api-docs/features/blocking): what to ask
// next, and what an answer means. It sends nothing and waits for nothing: the machine does. Pure; control thread.

#include "config/config.hpp"
#include "discovery/backoff.hpp"
#include "discovery/consul/parse_health.hpp"
#include "discovery/consul/standing.hpp"
#include "discovery/event.hpp"

#include <cstdint>
#include <map>
#include <optional>
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
        std::string target{};
        config::Duration timeout{};
    };
    /// Blocking once an index is known, for `wait` at most; shorter while doubtful removals wait for confirmation.
    [[nodiscard]] Request request(config::Duration wait) const;

    Outcome answered(const discovery::Answered& answer, config::TimePoint now);
    /// No complete answer came.
    Outcome failed(const std::string& reason);

    [[nodiscard]] bool answered_once() const { return answered_once_; }
    [[nodiscard]] std::uint64_t index() const { return index_; }
    [[nodiscard]] const std::map<std::string, std::uint64_t>& skipped() const { return skipped_; }

private:
    Outcome complete(const discovery::Answered& answer, config::TimePoint now);
    Outcome entries(const discovery::Answered& answer, config::TimePoint now);
    [[nodiscard]] std::optional<discovery::Publish> publish(discovery::Evidence evidence, bool changed, std::string cause);
    [[nodiscard]] Signs signs_of(const discovery::Answered& answer, std::uint64_t index, bool empty) const;
    Outcome trouble(Outcome outcome);
    [[nodiscard]] bool lists_services() const { return path_.ends_with("/catalog/services"); }

    std::string query_{}, path_{}, parameters_{};
    EntryRules rules_{};
    bool has_token_{false};

    std::uint64_t index_{0};       ///< for the next request; 0 = ask without waiting
    std::uint64_t last_index_{0};  ///< of the last good answer
    bool answered_once_{false};
    Standing standing_{};
    discovery::TokenBucket bucket_;
    std::vector<discovery::Fact> facts_{};
    unsigned strong_in_a_row_{0};  ///< the second one lets go of what was held until the first
    std::map<std::string, std::uint64_t> skipped_{};
};

}  // namespace cardea::consul
