#pragma once
// The text of an endpoints file: one endpoint a line, `ADDRESS [weight=N]`, `#` begins a comment. Pure, any thread.

#include "config/config.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cardea::file {

struct Lines {
    std::vector<config::StaticEndpoint> endpoints{};  ///< of the lines that could be read, in their order
    std::vector<std::string> notes{};                 ///< `PATH:LINE:COLUMN: what is wrong`, at most 100
};

Lines read_lines(const std::string& path, std::string_view text);

}  // namespace cardea::file
