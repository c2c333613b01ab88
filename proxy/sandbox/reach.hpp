#pragma once
// Which folders a configuration needs: where files are read, where files are made, where sockets are made. Pure, but for
// asking where a path leads.

#include "config/config.hpp"

#include <set>
#include <string>
#include <vector>

namespace cardea::sandbox {

enum class Access : std::uint8_t { read, write, socket };

/// One place and the key it is there for, `services.web`.
struct Place {
    Access access{Access::read};
    std::string path{};  ///< as the configuration has it
    bool folder{false};  ///< the path is a folder itself, not a file in one
    std::string because{};
};

/// Every place that the configuration names. `read` are the files that were read while it was loaded: the configuration itself
/// and what `${file:...}` stands for.
[[nodiscard]] std::vector<Place> places_of(const config::Config& config, const std::set<std::string>& read);

/// The folders to open up for a place: the one it is in, and, where symbolic links lead elsewhere, that one too; the nearest
/// that exists. A file in the root folder stands for itself: the root is not opened up. Sorted, absolute, without links.
[[nodiscard]] std::vector<std::string> folders_of(const Place& place);

}  // namespace cardea::sandbox
