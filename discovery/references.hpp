#pragma once
// Which upstream asks which source for what, under one configuration. Pure; immutable once made; any thread.

#include "config/config.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::discovery {

/// One query to one source: `consul:dc1` `web?tag=a`, `docker:h2` `web`, `file:/path` `/path`, `static` `web`.
struct Reference {
    std::string source{}, query{};
    friend auto operator<=>(const Reference&, const Reference&) = default;
};

class References {
public:
    References() = default;
    explicit References(const config::Config& config);

    /// `consul:NAME` and so on, of every source in the configuration.
    [[nodiscard]] const std::set<std::string, std::less<>>& sources() const { return sources_; }
    /// Upstreams that the configuration names: its services and what its routes lead to.
    [[nodiscard]] const std::map<std::string, std::vector<Reference>>& upstreams() const { return upstreams_; }
    /// Where the endpoints of this upstream come from. A name without a `services:` entry is its union over all sources.
    [[nodiscard]] std::vector<Reference> of(const std::string& upstream) const;
    /// The upstreams that use this answer: those that refer to it, or the one that it names by itself.
    [[nodiscard]] std::set<std::string> users(const Reference& reference) const;
    /// What the source must be asked for; a Consul source that nobody asks for anything in particular is asked for all.
    [[nodiscard]] std::vector<std::string> wanted(std::string_view source) const;

private:
    void add(const config::Service& service, const config::EndpointRef& endpoint, std::vector<Reference>& out) const;
    [[nodiscard]] std::vector<Reference> everywhere(const std::string& service) const;

    std::set<std::string, std::less<>> sources_{};
    std::map<std::string, std::vector<Reference>> upstreams_{};
    std::map<Reference, std::set<std::string>> users_{};
};

}  // namespace cardea::discovery
