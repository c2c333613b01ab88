#pragma once
// What this machine grants the process: processors, descriptors, files. Called at start-up, control thread.

#include "config/files.hpp"
#include "config/result.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::proxy {

/// Processors this process may keep busy: its affinity mask, capped by the cgroup's CPU quota (v2 or v1) of itself and
/// of every group above, rounded up; at least 1. `files` reads /proc and /sys.
[[nodiscard]] std::uint32_t usable_processors(config::Files& files, std::uint32_t affinity);
[[nodiscard]] std::uint32_t processors_in_affinity_mask();

/// Bytes of memory this process may use: what there is, capped by the cgroup (v2 or v1) of itself and of every group above.
[[nodiscard]] std::uint64_t usable_memory(config::Files& files, std::uint64_t installed);
[[nodiscard]] std::uint64_t installed_memory();

/// Raises the soft descriptor limit to the hard one; the limit now in force.
std::uint64_t raise_descriptor_limit();

/// Opens /dev/null where standard input, output or error is closed: a socket that got number 2 would receive the log.
void hold_standard_descriptors();

/// Files and environment of this machine. A file of more than 64 MiB is refused.
class DiskFiles final : public config::Files {
public:
    config::Result<std::string> read(const std::string& path) override;
    config::Result<std::vector<std::string>> glob(const std::string& pattern) override;
    std::optional<std::string> environment(const std::string& name) override;
};

/// Remembers which files were read.
class NotedFiles final : public config::Files {
public:
    explicit NotedFiles(config::Files& files) : files_(files) {}
    config::Result<std::string> read(const std::string& path) override {
        read_.insert(path);
        return files_.read(path);
    }
    config::Result<std::vector<std::string>> glob(const std::string& pattern) override { return files_.glob(pattern); }
    std::optional<std::string> environment(const std::string& name) override { return files_.environment(name); }
    [[nodiscard]] const std::set<std::string>& paths() const { return read_; }

private:
    config::Files& files_;
    std::set<std::string> read_{};
};

}  // namespace cardea::proxy
