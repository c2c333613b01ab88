#pragma once
// May an address that a registry names be dialled? Registries are written to by containers, so a name in one must not
// lead Cardea to a cloud's metadata service, to itself or to the API of an engine. Pure; immutable once made; any thread.

#include "config/config.hpp"
#include "discovery/endpoint.hpp"

#include <optional>
#include <string>
#include <vector>

namespace cardea::discovery {

class AddressPolicy {
public:
    AddressPolicy() = default;
    AddressPolicy(const config::Config& config, std::vector<config::IpAddress> local_addresses);

    /// Why this fact must not be used at all, or nullopt after its unusable addresses are taken out. Endpoints that a
    /// person wrote down as addresses are not judged. Requires: addresses without host names.
    [[nodiscard]] std::optional<std::string> judge(Fact& fact) const;

private:
    [[nodiscard]] bool local(const config::IpAddress& ip) const;
    [[nodiscard]] bool same_place(const config::Address& place, const config::Address& address) const;
    /// The whole socket is off limits, by whichever of its addresses it is known.
    [[nodiscard]] std::optional<std::string> forbidden(const config::Address& address) const;
    /// This one address leads nowhere good.
    [[nodiscard]] std::optional<std::string> unusable(const config::Address& address, bool local_source) const;
    [[nodiscard]] bool allowed(const config::IpAddress& ip) const;

    struct Place {
        config::Address address{};
        std::string what{};
    };
    std::vector<Place> own_{}, interfaces_{};  ///< listeners and admin; Docker and Consul APIs
    std::vector<config::Cidr> allow_{}, deny_{};
    std::vector<config::IpAddress> local_{};
};

}  // namespace cardea::discovery
