#pragma once
// One identity per endpoint: what several sources say of the same instance becomes one endpoint, whose name lives on for as
// long as any of its witnesses does. Pure functions, any thread. n facts cost O(n log n).

#include "discovery/catalog.hpp"
#include "discovery/endpoint.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace cardea::discovery {

/// The outcome for one upstream, and what the next merge of it needs to remember.
struct Merged {
    ServiceEndpoints service{};
    std::map<EndpointKey, std::string> incarnations{};  ///< of every fact at the time, by key
    std::map<config::Address, EndpointKey> owners{};    ///< of addresses that several containers claim
    /// Witnesses whose container an engine saw end, with the reason: a registry that still names them is behind.
    std::map<EndpointKey, std::string> bereaved{};
};

/// Which word counts when sources differ over weight or labels: what a person wrote, then a registry, then an engine.
int precedence(const EndpointKey& key);

/// - Facts that share an address, or a registrator id across sources, are one endpoint; its weight counts once.
/// - The worst status of the live witnesses holds; a held or restored one has a say only when there is no other.
/// - An id stays while any witness stays; the incarnation changes when that of a witness does.
/// - An address that two containers claim belongs to the newer, which the former merge did not know.
/// Requires: no host names. Facts in any order; the same key may come more than once.
/// Facts and `former` may be a part of an upstream that hangs together in itself (ServiceIndex::touched); then `taken` tells
/// which ids the rest of it uses.
using TakenId = std::function<bool(const std::string& id)>;
Merged merge(const std::string& upstream, const std::vector<const Fact*>& facts, const Merged& former, const TakenId& taken = {});

}  // namespace cardea::discovery
