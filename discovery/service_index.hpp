#pragma once
// Which facts of one upstream hang together: by key, address, registrator id, or as witnesses of one endpoint. It finds what
// a change touches, so that a change of one instance among thousands costs what one instance costs. Control thread.

#include "discovery/endpoint.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace cardea::discovery {

using FactPtr = std::shared_ptr<const Fact>;

/// What an answer changed among the facts in use; a fact that is different is in both.
struct FactDelta {
    std::vector<FactPtr> removed{}, added{};
    [[nodiscard]] bool empty() const { return removed.empty() && added.empty(); }
};

struct KeyHash {
    std::size_t operator()(const EndpointKey& key) const {
        return std::hash<std::string>{}(key.source) * 31U + std::hash<std::string>{}(key.instance);
    }
};
struct AddressHash {
    std::size_t operator()(const config::Address& address) const {
        const std::string_view ip{reinterpret_cast<const char*>(address.ip.bytes.data()), address.ip.bytes.size()};
        return (std::hash<std::string_view>{}(ip) * 31U + std::hash<std::string>{}(address.name)) * 31U + address.port;
    }
};
using KeySet = std::unordered_set<EndpointKey, KeyHash>;

class ServiceIndex {
public:
    /// The facts must live until they are removed. O(1).
    void add(const Fact& fact);
    void remove(const Fact& fact);
    /// Endpoint `id` has these witnesses, and no others.
    void name_endpoint(const std::string& id, const std::vector<EndpointKey>& witnesses);
    void forget_endpoint(const std::vector<EndpointKey>& witnesses);
    void clear() { *this = {}; }

    [[nodiscard]] std::size_t size() const { return by_key_.size(); }
    [[nodiscard]] const std::string* endpoint_of(const EndpointKey& key) const;
    /// Every key that hangs together with these facts, present or past, however indirectly; `witnesses_of(id)` tells those of
    /// an endpoint. Stops growing beyond `most`.
    using Witnesses = std::function<const std::vector<EndpointKey>&(const std::string& id)>;
    [[nodiscard]] KeySet touched(const FactDelta& delta, const Witnesses& witnesses_of, std::size_t most) const;
    /// The present facts of a key.
    void collect(const EndpointKey& key, std::vector<const Fact*>& out) const;

private:
    template <typename Visit>
    void visit_neighbours(const Fact& fact, Visit visit) const;

    std::unordered_multimap<EndpointKey, const Fact*, KeyHash> by_key_{};
    std::unordered_multimap<config::Address, const Fact*, AddressHash> by_address_{};
    std::unordered_multimap<std::string, const Fact*> by_registrator_{};
    std::unordered_map<EndpointKey, std::string, KeyHash> endpoints_{};
};

}  // namespace cardea::discovery
