#pragma once
// The system calls that a proxy makes, and no others (seccomp(2)). What is not in the table fails with ENOSYS, as on a kernel
// that lacks it: where the C library knows an older way, that one is in the table. No program can be started, no process
// traced or signalled, no memory be both written and run.

#include "config/result.hpp"

#include <cstdint>
#include <vector>

struct sock_filter;

namespace cardea::sandbox {

/// Whether the kernel has filters and the table knows this processor.
[[nodiscard]] bool seccomp_possible();

/// For all threads of the process and all they make. `no_new_privs` has to be set.
[[nodiscard]] config::Result<void> enter_seccomp();

/// The filter as the kernel takes it; `pid` is the one process that may be signalled.
[[nodiscard]] std::vector<sock_filter> seccomp_program(std::uint32_t pid);

}  // namespace cardea::sandbox
