#pragma once
// Every kind of provider there is, by the configuration that asks for it. Each is defined in the room of its kind
// (discovery/consul, discovery/docker ...), so a new kind is a line here and a folder. Cheap; control thread.

#include "config/config.hpp"
#include "discovery/provider.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cardea::discovery {

/// Reads the token anew; an error counts as a failed attempt and is shown. Empty function: `source.token` is used.
using TokenReader = std::function<config::Result<std::string>()>;

/// `consul:NAME`. `peer` in its actions counts source.addresses. The seed spreads its back-off.
std::unique_ptr<Provider> make_consul(const config::ConsulSource& source, TokenReader read_token, std::uint64_t seed);

/// `docker:NAME`. `local_addresses` are this machine's: what an unspecified HostIp means behind a unix socket.
std::unique_ptr<Provider> make_docker(const config::DockerSource& source, const std::vector<config::IpAddress>& local_addresses,
                                      std::uint64_t seed);

/// `file:PATH`. It asks nothing: the driver tells it FileChanged at the start and whenever the file changes.
std::unique_ptr<Provider> make_file(const std::string& path);

/// `static`: publishes the endpoints written in the configuration once, under the service's name.
std::unique_ptr<Provider> make_fixed(const std::string& service, const std::vector<config::StaticEndpoint>& endpoints);

}  // namespace cardea::discovery
