#include "discovery/query.hpp"

#include "config/endpoint_text.hpp"

#include <algorithm>
#include <utility>

namespace cardea::discovery {

namespace {

constexpr std::string_view no_source = "consul:///";

}  // namespace

std::string query_text(const config::ConsulRef& ref) {
    config::ConsulRef plain = ref;
    plain.source.clear();
    std::sort(plain.tags.begin(), plain.tags.end());
    plain.tags.erase(std::unique(plain.tags.begin(), plain.tags.end()), plain.tags.end());
    return config::to_string(config::EndpointRef{std::move(plain)}).substr(no_source.size());
}

config::Result<config::ConsulRef> parse_query(std::string_view text) {
    auto endpoint = config::parse_endpoint(std::string{no_source} + std::string{text});
    if (!endpoint) {
        return tl::unexpected{endpoint.error()};
    }
    return std::get<config::ConsulRef>(std::move(*endpoint));
}

}  // namespace cardea::discovery
