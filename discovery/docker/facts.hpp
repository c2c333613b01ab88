#pragma once
// What one container is to the outside: which of its ports are services, under which names. Pure, any thread.
//
// Own labels (`cardea.service`, `cardea.port`, routes) make one service at one port: the labelled one, else the only tcp
// port, else the lowest with a note. Without them every published tcp port is a service, named as registrator would:
// SERVICE_<port>_NAME, else SERVICE_NAME, else the Compose service, else the image's base name, else the container's name;
// with several ports all but the first of these get `-<port>`. udp is never chosen.

#include "config/config.hpp"
#include "discovery/docker/addresses.hpp"
#include "discovery/docker/parse_container.hpp"
#include "discovery/endpoint.hpp"

#include <string>
#include <vector>

namespace cardea::docker {

/// What all containers of one engine share.
struct Engine {
    std::string source{};     ///< `docker:h2`
    std::string host_name{};  ///< of the engine's machine; empty while unknown
    Vantage vantage{};
    config::Expose expose{config::Expose::published};
};

struct Reading {
    std::vector<discovery::Fact> facts{};  ///< sorted by key; status `up`
    std::vector<std::string> skipped{};    ///< why a port or the container is not served, once for each
    std::vector<std::string> notes{};      ///< what a person should mend: `container web01: cardea.port: ...`
};

/// `owner` is the container whose network this one uses: itself, or the target of `--network container:X`.
Reading read_container(const Engine& engine, const Container& container, const Container& owner);

}  // namespace cardea::docker
