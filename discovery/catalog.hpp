#pragma once
// The catalog: upstream name -> endpoints, shared piece by piece between versions; a piece that somebody holds never changes.
// Control thread.

#include "discovery/endpoint.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace cardea::discovery {

struct ServiceEndpoints {
    std::string service{};
    std::vector<Endpoint> endpoints{};  ///< sorted by id, so that a registry's order means nothing
    friend bool operator==(const ServiceEndpoints&, const ServiceEndpoints&) = default;
};

using Catalog = std::map<std::string, std::shared_ptr<const ServiceEndpoints>, std::less<>>;

}  // namespace cardea::discovery
