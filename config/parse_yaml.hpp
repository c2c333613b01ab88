#pragma once
// YAML 1.2 text to a Tree. Anchors and aliases are followed; tags, merge keys and second documents are refused. Never throws.

#include "config/problem.hpp"
#include "config/tree.hpp"

#include <string>
#include <string_view>

namespace cardea::config {

/// What one file may be: beyond it the file is refused rather than read slowly.
struct YamlLimits {
    std::size_t max_bytes{16U << 20};
    std::size_t max_nodes{1'000'000};
    std::size_t max_depth{32};
    std::size_t max_aliases{1000};
    std::size_t max_aliased{100'000};  ///< values that aliases stand for, counted each time: a few lines can say millions
};

/// Problems are appended; the tree is what could be read beside them.
Tree parse_yaml(std::string_view text, const std::string& file, Problems& problems, YamlLimits limits = {});

}  // namespace cardea::config
