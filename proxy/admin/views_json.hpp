#pragma once
// The control plane's views as JSON texts, one function a page. Pure, any thread.

#include "proxy/control/views.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cardea::admin {

[[nodiscard]] std::string sources_json(const std::vector<control::SourceView>& sources);
[[nodiscard]] std::string services_json(const std::vector<control::ServiceView>& services);
[[nodiscard]] std::string endpoints_json(const std::vector<control::EndpointView>& endpoints);
[[nodiscard]] std::string routes_json(const std::vector<control::RouteView>& routes);
[[nodiscard]] std::string listeners_json(const std::vector<control::ListenerView>& listeners);
[[nodiscard]] std::string problems_json(const std::vector<std::string>& problems);
[[nodiscard]] std::string error_json(std::string_view what);

}  // namespace cardea::admin
