#include "discovery/docker/machine.hpp"
#include "discovery/make_provider.hpp"

namespace cardea::discovery {

std::unique_ptr<Provider> make_docker(const config::DockerSource& source, const std::vector<config::IpAddress>& local_addresses,
                                      std::uint64_t seed) {
    return std::make_unique<docker::Machine>(source, local_addresses, seed);
}

}  // namespace cardea::discovery
