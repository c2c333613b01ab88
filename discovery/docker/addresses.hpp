#pragma once
// Where a container's port can be dialled from here. Pure, any thread.

#include "config/config.hpp"
#include "discovery/docker/parse_container.hpp"

#include <string>
#include <vector>

namespace cardea::docker {

/// How the addresses that an engine tells are to be read on this machine.
struct Vantage {
    bool local{false};                    ///< reached over a unix socket or loopback: its loopback is ours
    bool shares_network{false};           ///< behind a unix socket of this machine: container addresses mean something here
    std::vector<config::Address> host{};  ///< what an unspecified HostIp stands for, best first; the ports are unset
    config::DockerAddress address{config::DockerAddress::automatic};
    std::vector<std::string> networks{};  ///< preferred for container addresses, in order
};

/// The engine as configured. `machine_addresses` are this machine's, loopback included.
Vantage make_vantage(const config::DockerSource& source, const std::vector<config::IpAddress>& machine_addresses);

struct Choice {
    std::vector<config::Address> addresses{};  ///< best first, each once; empty: nothing can be dialled
    std::string why_not{};                     ///< why it is empty, a key for counting: `loopback on a remote engine`
    std::string note{};                        ///< a choice that a person should confirm; empty when there was none
};

/// The addresses of tcp `port`. `owner` is the container whose network it uses: itself, or the target of
/// `--network container:X`. Published bindings come before container addresses; addresses of a container are left out
/// unless the engine shares this machine's network or they were asked for: another engine's 172.17.0.2 is a stranger here.
Choice choose_addresses(const Vantage& vantage, const Container& owner, std::uint16_t port, const config::OwnLabels& own);

}  // namespace cardea::docker
