// Bodies of Consul's health and catalog endpoints: whatever an agent or someone in its place answers, facts are usable
// addresses, sorted and named, or nothing.
#include "discovery/consul/parse_health.hpp"
#include "tests/fuzz/reference_reader.hpp"

#include <algorithm>

namespace {

using namespace cardea;
using fuzz::require;

void check(const consul::HealthAnswer& answer) {
    require(std::ranges::is_sorted(answer.facts, {}, &discovery::Fact::key), "facts are sorted");
    for (const auto& fact : answer.facts) {
        require(fact.key.source == "consul:fuzz" && !fact.key.instance.empty(), "a fact has a key");
        require(!fact.addresses.empty(), "a fact has an address");
        for (const auto& address : fact.addresses) {
            require(address.kind != config::Address::Kind::unix_path && address.port != 0, "a registry names sockets of the network only");
            require(address.kind != config::Address::Kind::name || !address.name.empty(), "a name is a name");
            require(address.name.find_first_of(std::string_view{"\r\n\0 /", 5}) == std::string::npos, "a name holds nothing else");
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view body{reinterpret_cast<const char*>(bytes), size};
    for (const bool flag : {false, true}) {
        const auto answer =
            consul::parse_health(body, {.source = "consul:fuzz", .allow_warning = flag, .other_datacenter = flag, .local_source = flag});
        if (answer) {
            check(*answer);
        }
    }
    if (const auto names = consul::parse_catalog_services(body)) {
        require(std::ranges::is_sorted(*names), "names are sorted");
    }
    const auto id = consul::registrator_id(body);
    require(id.empty() || id == body, "an ID is taken as it is");
    return 0;
}
