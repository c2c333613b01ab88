#pragma once
// What a process started as root gives away before it does anything else. While it has one thread.

#include "config/config.hpp"
#include "config/result.hpp"

#include <string>
#include <vector>

namespace cardea::sandbox {

struct Account {
    std::string user{};  ///< for people
    unsigned uid{0}, gid{0};
    std::vector<unsigned> groups{};  ///< supplementary
};

/// Who `process.user` and `process.group` are, with the groups that the user is a member of, and those that may use the unix
/// sockets of the sources, the Docker engine's above all. A socket of group root adds nothing.
[[nodiscard]] config::Result<Account> find_account(const config::Config& config);

/// Makes the folders that the configuration wants written and that are missing: `process.state_dir` and that of the admin
/// socket. With an account they belong to it.
void make_folders(const config::Config& config, const Account* owner);

/// Becomes that account for good. What stays of root is the right to listen on ports below 1024, also for a successor.
[[nodiscard]] config::Result<void> become(const Account& account);

/// Root without an account to become: gives away every capability but two, to listen on ports below 1024 and to read and write
/// files of others, as those who run it as root expect.
void keep_two_capabilities();

/// `no_new_privs` of prctl(2): no program that is started makes more of us.
[[nodiscard]] config::Result<void> forbid_new_privileges();

}  // namespace cardea::sandbox
