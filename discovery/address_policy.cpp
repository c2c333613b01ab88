#include "discovery/address_policy.hpp"

#include "config/translated.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cardea::discovery {

namespace {

/// Where engines and agents listen unless they are told otherwise: an API on another host is as good as on ours.
constexpr std::array<std::uint16_t, 4> interface_ports{2375, 2376, 8500, 8501};

/// Where clouds keep an instance's credentials besides link-local: AWS over IPv6, Alibaba, Oracle's second one.
bool metadata(const config::IpAddress& ip) {
    static const std::array places{*config::parse_ip("fd00:ec2::254"), *config::parse_ip("100.100.100.200"),
                                   *config::parse_ip("192.0.0.192")};
    return std::find(places.begin(), places.end(), ip) != places.end();
}

bool in_any(const std::vector<config::Cidr>& prefixes, const config::IpAddress& ip) {
    return std::any_of(prefixes.begin(), prefixes.end(), [&ip](const config::Cidr& prefix) { return prefix.contains(ip); });
}

bool written(const Fact& fact) {
    return fact.key.source == "static" || fact.key.source.starts_with("file:");
}

}  // namespace

AddressPolicy::AddressPolicy(const config::Config& config, std::vector<config::IpAddress> local_addresses)
    : allow_(config.discovery.allow), deny_(config.discovery.deny), local_(std::move(local_addresses)) {
    for (const config::Listener& listener : config.listeners) {
        own_.push_back({listener.address, "Cardea's own listener"});
    }
    if (config.admin.enabled && config.admin.tcp) {
        own_.push_back({*config.admin.tcp, "Cardea's own admin address"});
    }
    for (const config::ConsulSource& source : config.discovery.consul) {
        for (const config::Address& address : source.addresses) {
            interfaces_.push_back({address, "the Consul API"});
        }
    }
    for (const config::DockerSource& source : config.discovery.docker) {
        interfaces_.push_back({source.endpoint, "the Docker API"});
    }
}

bool AddressPolicy::local(const config::IpAddress& ip) const {
    if (const auto inner = config::translated_ipv4(ip); inner && local(*inner)) {
        return true;
    }
    return ip.loopback() || std::find(local_.begin(), local_.end(), ip) != local_.end();
}

bool AddressPolicy::allowed(const config::IpAddress& ip) const {
    return in_any(allow_, ip);
}

bool AddressPolicy::same_place(const config::Address& place, const config::Address& address) const {
    if (place == address) {
        return true;
    }
    // A place of ours may be bound to every address, and we cannot see to which: all of this machine's count as one.
    return place.kind == config::Address::Kind::ip && address.kind == config::Address::Kind::ip && place.port == address.port &&
           (place.ip.unspecified() || local(place.ip)) && local(address.ip);
}

std::optional<std::string> AddressPolicy::forbidden(const config::Address& address) const {
    const auto find = [this, &address](const std::vector<Place>& places) {
        return std::find_if(places.begin(), places.end(), [&](const Place& place) { return same_place(place.address, address); });
    };
    if (const auto own = find(own_); own != own_.end()) {
        return config::to_string(address) + " is " + own->what;
    }
    if (address.kind == config::Address::Kind::ip && allowed(address.ip)) {
        return std::nullopt;
    }
    if (const auto interface = find(interfaces_); interface != interfaces_.end()) {
        return config::to_string(address) + " is " + interface->what;
    }
    if (std::find(interface_ports.begin(), interface_ports.end(), address.port) != interface_ports.end()) {
        return config::to_string(address) + " is a port of the Docker or Consul API";
    }
    return std::nullopt;
}

std::optional<std::string> AddressPolicy::unusable(const config::Address& address, bool local_source) const {
    const std::string text = config::to_string(address);
    if (address.kind == config::Address::Kind::unix_path) {
        return local_source ? std::nullopt : std::optional{text + " is a socket of another machine"};
    }
    if (address.kind == config::Address::Kind::name) {
        return text + " is not resolved";
    }
    const config::IpAddress& ip = address.ip;
    if (in_any(deny_, ip)) {
        return text + " is in discovery.deny";
    }
    if (ip.unspecified() || (!ip.v6 && ip.bytes[0] == 0)) {
        return text + " is no address to dial";
    }
    if (allowed(ip)) {
        return std::nullopt;
    }
    if (const auto inner = config::translated_ipv4(ip)) {
        if (const auto why = unusable({.ip = *inner, .port = address.port}, local_source)) {
            return text + " stands for another: " + *why;
        }
    }
    if (ip.broadcast()) {
        return text + " is a broadcast address";
    }
    if (metadata(ip)) {
        return text + " is where a cloud keeps its metadata";
    }
    if (ip.multicast()) {
        return text + " is a multicast address";
    }
    if (ip.link_local()) {
        return text + " is link-local, where clouds keep their metadata";
    }
    if (ip.loopback() && !local_source) {
        return text + " is loopback, and its source is on another machine";
    }
    return std::nullopt;
}

std::optional<std::string> AddressPolicy::judge(Fact& fact) const {
    if (written(fact) && !fact.resolved) {
        return std::nullopt;
    }
    for (const config::Address& address : fact.addresses) {
        if (written(fact)) {
            break;  // the port is the person's own choice; only the name server chose the address
        }
        if (auto why = forbidden(address)) {
            return why;
        }
    }
    std::optional<std::string> first_reason;
    std::erase_if(fact.addresses, [&](const config::Address& address) {
        auto why = unusable(address, fact.local_source);
        if (why && !first_reason) {
            first_reason = why;
        }
        return why.has_value();
    });
    return fact.addresses.empty() ? first_reason : std::nullopt;
}

}  // namespace cardea::discovery
