#pragma once
// Where the sources are, for tests that read files of the repository: above the test binary, wherever it is started from.

#include <filesystem>

namespace cardea::support {

inline std::filesystem::path source_tree() {
    auto at = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    while (!std::filesystem::exists(at / "CMakePresets.json") && at.has_relative_path()) {
        at = at.parent_path();
    }
    return at;
}

}  // namespace cardea::support
