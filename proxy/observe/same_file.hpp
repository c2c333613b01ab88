#pragma once
// Files that two processes write during an upgrade, one of which may rename what the other has open.

#include <sys/stat.h>

#include <string>

namespace cardea::observe {

/// Whether `path` still leads to the open file. Any thread; two system calls.
[[nodiscard]] inline bool is_at(int descriptor, const std::string& path) {
    struct stat there{};
    struct stat mine{};
    const bool found = ::stat(path.c_str(), &there) == 0 && ::fstat(descriptor, &mine) == 0;
    return found && there.st_dev == mine.st_dev && there.st_ino == mine.st_ino;
}

}  // namespace cardea::observe
