#pragma once
// What every provider does with its facts before it publishes them. Pure functions, any thread.

#include "config/config.hpp"
#include "discovery/action.hpp"
#include "discovery/endpoint.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace cardea::discovery {

/// Sorts by key and drops all but the first of equal keys; how many were dropped.
std::size_t sort_by_key(std::vector<Fact>& facts);

/// An endpoint that a person wrote down: it may be anywhere, loopback too.
Fact written_fact(const std::string& source, const std::string& service, const config::StaticEndpoint& endpoint);

}  // namespace cardea::discovery
