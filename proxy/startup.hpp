#pragma once
// What a person at a terminal is told at the start, in plain words; a log collector gets event lines instead. Pure.

#include "proxy/control/views.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::proxy {

/// At once: what runs and where it listens.
[[nodiscard]] std::string startup_head(const std::string& config_file, std::size_t workers,
                                       const std::vector<control::ListenerView>& listeners,
                                       const std::vector<std::string>& admin_addresses);

/// One line of that kind.
[[nodiscard]] std::string startup_line(std::string_view label, std::string_view text);

/// When every source has answered or its patience is over: what was found, where requests go and what stands in their way.
[[nodiscard]] std::string startup_findings(const std::vector<control::SourceView>& sources,
                                           const std::vector<control::ServiceView>& services, const std::vector<control::RouteView>& routes,
                                           const std::vector<std::string>& problems);

}  // namespace cardea::proxy
