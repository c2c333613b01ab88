#pragma once
// The only way files and the environment reach config/ and discovery/; proxy/ gives the real one, tests a map.

#include "config/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace cardea::config {

class Files {
public:
    virtual ~Files() = default;
    virtual Result<std::string> read(const std::string& path) = 0;
    virtual Result<std::vector<std::string>> glob(const std::string& pattern) = 0;  ///< sorted; nothing found is an empty list
    virtual std::optional<std::string> environment(const std::string& name) = 0;
};

}  // namespace cardea::config
