#include "discovery/docker/addresses.hpp"

#include <algorithm>

namespace cardea::docker {
namespace {

constexpr std::size_t max_addresses = 64;  // a machine with many bridges has many addresses; more help nobody

config::Address at(const config::IpAddress& ip, std::uint16_t port) {
    return {config::Address::Kind::ip, ip, {}, port};
}

void add(std::vector<config::Address>& addresses, config::Address address) {
    if (addresses.size() < max_addresses && std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
        addresses.push_back(std::move(address));
    }
}

const Port* find_tcp(const Container& container, std::uint16_t number) {
    const auto found =
        std::find_if(container.ports.begin(), container.ports.end(), [&](const Port& port) { return port.tcp && port.number == number; });
    return found == container.ports.end() ? nullptr : &*found;
}

/// The addresses of the host that a binding covers: itself, or for an unspecified one every address of its family. The
/// port of the other family may be another container's. A name stands for the family that is bound, IPv4 if both are.
void add_binding(const Vantage& vantage, const Binding& binding, bool for_names, Choice& choice) {
    if (!binding.ip.unspecified()) {
        if (binding.ip.loopback() && !vantage.local) {
            choice.why_not = "loopback on a remote engine";
        } else {
            add(choice.addresses, at(binding.ip, binding.port));
        }
        return;
    }
    for (config::Address host : vantage.host) {
        if (host.kind == config::Address::Kind::ip ? host.ip.v6 == binding.ip.v6 : for_names) {
            host.port = binding.port;
            add(choice.addresses, std::move(host));
        }
    }
}

void add_published(const Vantage& vantage, const Container& owner, std::uint16_t number, Choice& choice) {
    if (owner.network_mode == "host") {
        for (const char* any : {"0.0.0.0", "::"}) {
            add_binding(vantage, {*config::parse_ip(any), number}, any[0] == '0', choice);
        }
        return;
    }
    const Port* port = find_tcp(owner, number);
    if (port == nullptr) {
        return;
    }
    const bool v4 = std::any_of(port->bindings.begin(), port->bindings.end(), [](const Binding& binding) { return !binding.ip.v6; });
    for (const Binding& binding : port->bindings) {
        add_binding(vantage, binding, binding.ip.v6 != v4, choice);
    }
}

/// Networks in the order of preference: the labelled one alone, else the configured ones, then the rest by name.
std::vector<const Network*> preferred(const Vantage& vantage, const Container& owner, const config::OwnLabels& own) {
    std::vector<const Network*> order;
    const auto take = [&](const std::string& name) {
        for (const Network& network : owner.networks) {
            if (network.name == name && std::find(order.begin(), order.end(), &network) == order.end()) {
                order.push_back(&network);
            }
        }
    };
    if (!own.network.empty()) {
        take(own.network);
        return order;
    }
    for (const auto& name : vantage.networks) {
        take(name);
    }
    for (const Network& network : owner.networks) {
        take(network.name);
    }
    return order;
}

void add_container(const Vantage& vantage, const Container& owner, std::uint16_t number, const config::OwnLabels& own, Choice& choice) {
    const auto order = preferred(vantage, owner, own);
    const std::size_t published = choice.addresses.size();
    std::size_t usable = 0;
    const Network* first = nullptr;
    for (const Network* network : order) {
        for (const auto& ip : network->addresses) {
            add(choice.addresses, at(ip, number));
        }
        usable += network->addresses.empty() ? 0 : 1;
        first = first == nullptr && !network->addresses.empty() ? network : first;
    }
    const bool configured =
        first != nullptr && std::find(vantage.networks.begin(), vantage.networks.end(), first->name) != vantage.networks.end();
    if (published == 0 && usable > 1 && !configured) {
        choice.note =
            "is on " + std::to_string(usable) + " networks: `" + first->name + "` is tried first; choose one with the label cardea.network";
    } else if (!own.network.empty() && usable == 0) {
        choice.note = "has no address on the network `" + own.network + "` that its label cardea.network names";
    }
}

}  // namespace

Vantage make_vantage(const config::DockerSource& source, const std::vector<config::IpAddress>& machine_addresses) {
    using Kind = config::Address::Kind;
    const config::Address& endpoint = source.endpoint;
    const bool unix_socket = endpoint.kind == Kind::unix_path;
    Vantage vantage;
    vantage.local = unix_socket || (endpoint.kind == Kind::ip && endpoint.ip.loopback()) ||
                    (endpoint.kind == Kind::name && endpoint.name == "localhost");
    vantage.shares_network = unix_socket && source.host_ip.empty();
    vantage.address = source.address;
    vantage.networks = source.networks;
    for (const auto& ip : source.host_ip) {
        vantage.host.push_back(at(ip, 0));
    }
    if (vantage.host.empty() && !unix_socket) {
        vantage.host.push_back(endpoint);
        vantage.host.back().port = 0;
    } else if (vantage.host.empty()) {
        for (const auto& ip : machine_addresses) {
            if (!ip.link_local() && !ip.unspecified()) {  // link-local ones need a zone
                vantage.host.push_back(at(ip, 0));
            }
        }
        // On loopback every connect goes through docker-proxy, which accepts for a container that does not listen.
        std::stable_partition(vantage.host.begin(), vantage.host.end(), [](const config::Address& host) { return !host.ip.loopback(); });
    }
    return vantage;
}

Choice choose_addresses(const Vantage& vantage, const Container& owner, std::uint16_t port, const config::OwnLabels& own) {
    const auto mode = own.address.value_or(vantage.address);
    Choice choice;
    if (mode != config::DockerAddress::container || owner.network_mode == "host") {
        add_published(vantage, owner, port, choice);
    }
    const bool asked = mode == config::DockerAddress::container || !own.network.empty();
    if (mode != config::DockerAddress::published && (asked || vantage.shares_network)) {
        add_container(vantage, owner, port, own, choice);
    }
    if (!choice.addresses.empty()) {
        choice.why_not.clear();
    } else if (choice.why_not.empty()) {
        choice.why_not = owner.network_mode == "none" ? "no network" : "no address reachable from here";
    }
    return choice;
}

}  // namespace cardea::docker
