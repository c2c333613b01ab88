#pragma once
// Which facts are about the same instance. Pure functions, any thread.

#include "discovery/endpoint.hpp"

#include <map>
#include <set>
#include <vector>

namespace cardea::discovery {

using FactList = std::vector<const Fact*>;

/// Said by a container engine.
bool from_engine(const EndpointKey& key);

/// Contested addresses and the container that won each.
using Owners = std::map<config::Address, EndpointKey>;

/// Who was there before, and who owned what.
struct Past {
    std::set<EndpointKey> known{};  ///< every fact of the time
    Owners owners{};
};

/// An address that several containers claim is taken from all but one. Within one engine it belongs to the newest (one that
/// was not known, else the former owner, else the greater incarnation): addresses are reused at once. Across engines nobody
/// can tell whose private network is meant: it belongs to the engine of this machine, or to nobody who has another address.
/// Answers copies of the facts that lost something, each with at least one address; `facts` is changed to name them, and
/// those that lost everything leave it. `owners` takes down who won.
std::vector<Fact> settle_takeovers(FactList& facts, const Past& past, Owners& owners);

/// Groups facts that share an address, or a registrator id with a fact of another source. A source that gives one
/// registrator id to several facts proves nothing by it. Groups and their members are in the order of the facts.
std::vector<FactList> group_instances(const FactList& facts);

}  // namespace cardea::discovery
