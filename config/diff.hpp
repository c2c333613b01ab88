#pragma once
// What changed between two configurations, in words for the reload report. Pure; where things stand in a file does not count.

#include "config/config.hpp"

#include <string>
#include <vector>

namespace cardea::config {

struct Difference {
    std::vector<std::string> changes{};        ///< `listeners +api -old`, `services ~web (timeouts)`, `routes changed`
    std::vector<std::string> needs_restart{};  ///< keys whose new value takes effect only in a new process: `process.threads`
    [[nodiscard]] bool empty() const { return changes.empty(); }
};

Difference diff(const Config& before, const Config& after);
std::string to_string(const Difference& difference);  ///< one line; `nothing changed` when empty

}  // namespace cardea::config
