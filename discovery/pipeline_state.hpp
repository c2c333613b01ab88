#pragma once
// The inside of Pipeline: what every query's facts have come to, and the upstreams made of them. Control thread.

#include "discovery/address_policy.hpp"
#include "discovery/answer.hpp"
#include "discovery/guard.hpp"
#include "discovery/merge.hpp"
#include "discovery/pipeline.hpp"
#include "discovery/references.hpp"
#include "discovery/service_index.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace cardea::discovery {

struct Pipeline::State {
    /// One upstream: what its next merge needs to know, and what hangs together in it. Its endpoints are in the catalog.
    struct Upstream {
        Merged memory{};  ///< without the endpoints
        ServiceIndex index{};
    };
    using Again = std::function<bool(const Fact&)>;

    std::vector<config::IpAddress> local_addresses{};
    std::size_t service_endpoints_max{0}, endpoints_max{0};
    References references{};
    AddressPolicy policy{};
    std::map<std::string, Guard, std::less<>> guards{};
    std::map<Reference, Answer> answers{};
    Resolutions resolutions{};
    std::set<std::string> host_names{};
    std::map<std::string, Upstream> upstreams{};
    Catalog catalog{};
    Work work{};
    std::size_t facts_in_all{0};                  ///< in `answers`
    std::map<Reference, std::string> too_much{};  ///< answers that were not listened to, and why

    Guard& guard_of(const Reference& reference);
    /// Whether an answer of so many facts may be taken; else it is remembered as too much.
    bool admits(const Reference& reference, std::size_t facts);
    /// Names and policy again over what the guard holds.
    FactDelta refresh(const Reference& reference, const Again& again = {});
    /// The upstreams from all their facts.
    Changes rebuild(const std::set<std::string>& names);
    /// The same from what differs in one of their answers.
    Changes amend(const std::set<std::string>& names, const FactDelta& delta);
    bool update_host_names();
    Changes after(const Reference& reference, const Again& again = {});
    /// Somebody has just been named at these addresses: whoever else is only held there is gone, and the probes that keep
    /// it alive are answered by the newcomer.
    Changes give_way(const Reference& newcomer, const std::set<config::Address>& addresses);

private:
    void rebuild_one(const std::string& name, Changes& changes);
    bool amend_one(const std::string& name, const FactDelta& delta, Changes& changes);
    void put(const std::string& name, const std::vector<Endpoint>& old, Merged part, Changes& changes);
};

}  // namespace cardea::discovery
