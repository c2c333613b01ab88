#pragma once
// The text forms of where a service's endpoints come from and of the sources themselves; one reader for YAML, the command
// line and file:// lists. Pure, any thread.

#include "config/config.hpp"
#include "config/result.hpp"

#include <string>
#include <string_view>

namespace cardea::config {

/// `10.0.0.5:8080`, `[::1]:80 weight=2`, `web.internal:80`, `unix:/run/app.sock`; weight 0 to 65535, 0 = no traffic.
Result<StaticEndpoint> parse_static_endpoint(std::string_view text);

/// A static endpoint, or `consul://SOURCE/SERVICE?tag=a&dc=x&filter=e` and `docker://SOURCE/SERVICE` (no SOURCE: every one),
/// `file:///path`. Service names and parameters are percent-decoded.
Result<EndpointRef> parse_endpoint(std::string_view text);
std::string to_string(const EndpointRef& endpoint);  ///< reads back alike

/// A Consul agent: `10.0.0.1:8500`, `http://...`, `https://...` (TLS), `unix:/path`.
struct AgentAddress {
    Address address{};
    bool tls{false};
};
Result<AgentAddress> parse_agent_address(std::string_view text);

/// A Docker engine: `unix:///var/run/docker.sock`, `unix:/path`, `tcp://host:2375`, `host:2375`, `https://host:2376` (TLS).
Result<AgentAddress> parse_engine_address(std::string_view text);

}  // namespace cardea::config
