#pragma once
// Landlock (landlock(7)): from here on the calling thread, and every thread it makes, reaches no file outside of what is
// granted, whoever it runs as. Before any other thread exists: the kernel has no way to lock in those that are there already.

#include "config/result.hpp"
#include "proxy/sandbox/reach.hpp"

#include <map>
#include <set>
#include <string>

namespace cardea::sandbox {

/// Paths, without links, and what may be done below them. A path may be a file: then that one is meant.
using Grants = std::map<std::string, std::set<Access>>;

/// The version of Landlock in this kernel, 0 where there is none.
[[nodiscard]] int landlock_version();

/// Fails where the kernel refuses; `no_new_privs` has to be set. Paths that do not exist are left out. Signals reach no process
/// outside either, where the kernel knows how (version 6).
[[nodiscard]] config::Result<void> enter_landlock(const Grants& grants);

/// The folders of this program by custom, and those that systemd says are its own (systemd.exec(5), LOGS_DIRECTORY and the like):
/// a later configuration may begin to use them.
void add_customary(Grants& grants);

/// What every Cardea reads: libraries, certificates, names, time zones, what the kernel tells about itself.
[[nodiscard]] Grants common_grants();

}  // namespace cardea::sandbox
