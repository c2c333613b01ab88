#pragma once
// Host names among the addresses of facts, and what they resolve to at present. Pure functions, any thread.

#include "discovery/endpoint.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace cardea::discovery {

/// What is known of a host name.
struct Resolved {
    std::vector<config::IpAddress> addresses{};  ///< the last good answer, sorted
    std::string why{};                           ///< why there is none: `no such host`; empty when there is
};
using Resolutions = std::map<std::string, Resolved, std::less<>>;

void collect_names(const std::vector<Fact>& facts, std::set<std::string>& names);

/// Facts without host names. A fact whose only address is a name becomes one fact for each of its addresses
/// (`instance@ip`), or a fact without address that is down and says why. Among several addresses of one socket a name is
/// replaced by what it resolves to, or left out. Keeps the order by key.
std::vector<Fact> expand_names(const std::vector<Fact>& facts, const Resolutions& known);

}  // namespace cardea::discovery
