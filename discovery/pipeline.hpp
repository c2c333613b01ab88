#pragma once
// From what providers publish to the catalog: guard -> host names -> address policy -> merge, upstream by upstream.
// It remembers what every (source, query) said last and works only on what a new answer changes.
// Pure (no time, no I/O); control thread. An answer of n facts costs O(n) comparisons; a fact that differs costs what the
// endpoints that hang together with it cost.

#include "config/config.hpp"
#include "discovery/action.hpp"
#include "discovery/catalog.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::discovery {

/// Where a change comes from, for the journal.
struct Occasion {
    std::string source{};    ///< who said so; empty: the configuration, a resolver
    std::string cause{};     ///< `index 120 -> 124`, `event die`, `restored from disk`
    std::string evidence{};  ///< to_string(Evidence); empty where it was no source's answer
};

/// What a step changed, for whoever renders the catalog.
struct Changes {
    std::set<std::string> upstreams{};  ///< names whose endpoints are not what they were
    bool urgent{false};                 ///< something left or got worse: act at once, do not wait for more (debounce)
    bool host_names{false};             ///< host_names() is not what it was
    Occasion occasion{};                ///< what began the step
    Changes& operator+=(Changes other);
};

/// An answer about a host name. No addresses and no error: the name is known not to exist, its endpoints go down.
/// An error: what was known before stays.
struct Resolution {
    std::vector<config::IpAddress> addresses{};
    std::string error{};
};

class Pipeline {
public:
    /// `local_addresses` are this machine's, for the address policy. The pipeline knows nothing until configure().
    explicit Pipeline(std::vector<config::IpAddress> local_addresses);
    ~Pipeline();
    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;

    /// Takes a configuration (first or reloaded). Facts of sources that stay are kept, the rest is forgotten.
    Changes configure(const config::Config& config);
    /// What `Wanted` must tell this source under the present configuration. `*` means every service that it knows.
    [[nodiscard]] std::vector<std::string> wanted(std::string_view source) const;

    /// An answer of more endpoints than the configuration allows changes nothing and is told in excesses().
    Changes apply(std::string_view source, Publish publish);
    /// What an earlier run knew of a query: in force, marked `restored`, until the source answers it. Ignored when it has,
    /// or when nobody wants it any more.
    Changes restore(std::string_view source, const std::string& query, std::vector<Fact> facts);
    /// The source has answered everything asked of it: restored facts that it did not speak of are gone.
    Changes synced(std::string_view source);
    /// Everything that is asked of this source was answered by it, or restored.
    [[nodiscard]] bool knows_enough(std::string_view source) const;
    /// Something is known of this query, from its source or from disk.
    [[nodiscard]] bool answered_or_restored(std::string_view source, const std::string& query) const;
    /// The facts of a query as its source said them last; null while they are not to be believed in full.
    [[nodiscard]] const std::vector<Fact>* sound_facts(std::string_view source, const std::string& query) const;
    /// Host names that endpoints need: resolve them, follow their TTL, tell each outcome.
    [[nodiscard]] const std::set<std::string>& host_names() const;
    Changes resolved(const std::string& name, Resolution resolution);
    /// A probe found nobody at this endpoint. Only a `held` endpoint leaves because of it.
    Changes probe_failed(std::string_view upstream, std::string_view endpoint_id);

    /// Every upstream of the configuration, even when empty, and every service that sources name by themselves; one of
    /// those stays, empty, when its last instance has gone.
    [[nodiscard]] const Catalog& catalog() const;
    /// `consul:dc1 node|web-1: 169.254.169.254:80 refused: link-local ...`; at most 100, sorted.
    [[nodiscard]] std::vector<std::string> refusals() const;
    /// `consul:dc1 web: 12000 endpoints of one service, at most 10000 ...`: answers that were not listened to; at most 100.
    [[nodiscard]] std::vector<std::string> excesses() const;
    /// Facts at present, for `cardea status`: services and instances that this source names.
    struct Size {
        std::size_t services{0}, instances{0};
        std::size_t held{0}, restored{0};  ///< of the instances
    };
    [[nodiscard]] Size size(std::string_view source) const;
    /// How much has been worked on since the beginning, and how many answers were not listened to.
    struct Work {
        std::uint64_t upstreams_merged{0}, facts_merged{0};
        std::uint64_t services_too_large{0}, too_many_in_all{0};
    };
    [[nodiscard]] const Work& work() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace cardea::discovery
