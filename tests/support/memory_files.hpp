#pragma once
// A Files out of two maps.

#include "config/files.hpp"

#include <map>

namespace cardea::support {

class MemoryFiles final : public config::Files {
public:
    std::map<std::string, std::string> contents{};
    std::map<std::string, std::string> variables{};

    config::Result<std::string> read(const std::string& path) override {
        const auto found = contents.find(path);
        if (found == contents.end()) {
            return config::failure("no such file");
        }
        return found->second;
    }
    /// Without wildcards.
    config::Result<std::vector<std::string>> glob(const std::string& path) override {
        return contents.contains(path) ? std::vector<std::string>{path} : std::vector<std::string>{};
    }
    std::optional<std::string> environment(const std::string& name) override {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    }
};

}  // namespace cardea::support
