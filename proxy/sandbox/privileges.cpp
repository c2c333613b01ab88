#include "proxy/sandbox/privileges.hpp"

#include "config/text.hpp"
#include "config/units.hpp"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <system_error>

namespace cardea::sandbox {

namespace {

constexpr unsigned most_capabilities = 64;

std::string reason() {
    return std::generic_category().message(errno);
}

std::optional<unsigned> number_in(const std::string& text) {
    const auto number = config::parse_unsigned(text, 0xFFFFFFFEU);
    return number ? std::optional(static_cast<unsigned>(*number)) : std::nullopt;
}

config::Result<unsigned> group_number(const std::string& name) {
    if (const group* const found = ::getgrnam(name.c_str()); found != nullptr) {
        return found->gr_gid;
    }
    if (const auto number = number_in(name)) {
        return *number;
    }
    return config::failure("there is no group `" + config::printable(name) + "`", "process.group", "`getent group` lists them");
}

/// The groups of the sources' sockets, where the group may write.
void add_socket_groups(const config::Config& config, std::vector<unsigned>& groups) {
    const auto look = [&groups](const config::Address& address) {
        struct stat what{};
        if (address.kind == config::Address::Kind::unix_path && ::stat(address.name.c_str(), &what) == 0 && what.st_gid != 0 &&
            (what.st_mode & S_IWGRP) != 0) {
            groups.push_back(what.st_gid);
        }
    };
    for (const auto& docker : config.discovery.docker) {
        look(docker.endpoint);
    }
    for (const auto& consul : config.discovery.consul) {
        std::for_each(consul.addresses.begin(), consul.addresses.end(), look);
    }
}

void make_one_folder(const std::string& path, const Account* owner) {
    if (path.empty() || path == "/" || ::mkdir(path.c_str(), 0700) != 0 || owner == nullptr) {
        return;  // what is there already, and what cannot be made, is told by whoever wants to write
    }
    if (::chown(path.c_str(), owner->uid, owner->gid) != 0) {
        ::rmdir(path.c_str());
    }
}

constexpr std::uint64_t bit(unsigned capability) {
    return std::uint64_t{1} << capability;
}

/// The effective and permitted capabilities become those of `kept` that there are; the same may be inherited, and nothing beyond
/// is to be had from any program.
bool limit_capabilities(std::uint64_t kept) {
    for (unsigned capability = 0; capability < most_capabilities; ++capability) {
        if ((kept & bit(capability)) == 0) {
            (void)::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
        }
    }
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> now{};
    if (::syscall(SYS_capget, &header, now.data()) != 0) {
        return false;
    }
    for (std::size_t half = 0; half < now.size(); ++half) {
        const auto wanted = static_cast<std::uint32_t>(kept >> (32 * half)) & now[half].permitted;
        now[half] = {wanted, wanted, wanted};
    }
    return ::syscall(SYS_capset, &header, now.data()) == 0;
}

}  // namespace

config::Result<Account> find_account(const config::Config& config) {
    Account account;
    account.uid = ::geteuid();
    account.gid = ::getegid();
    account.user = config.process.user;
    const passwd* const entry = ::getpwnam(account.user.c_str());
    if (entry != nullptr) {
        account.uid = entry->pw_uid;
        account.gid = entry->pw_gid;
    } else if (const auto number = number_in(account.user)) {
        account.uid = *number;
        account.gid = *number;
    } else if (!account.user.empty()) {
        return config::failure("there is no user `" + config::printable(account.user) + "`", "process.user",
                               "`useradd --system " + config::printable(account.user) + "` makes one");
    }
    if (!config.process.group.empty()) {
        const auto gid = group_number(config.process.group);
        if (!gid) {
            return tl::unexpected(gid.error());
        }
        account.gid = *gid;
    }
    if (entry != nullptr) {
        std::vector<gid_t> groups(256);
        int count = static_cast<int>(groups.size());
        if (::getgrouplist(account.user.c_str(), account.gid, groups.data(), &count) >= 0) {
            account.groups.assign(groups.begin(), groups.begin() + count);
        }
    }
    add_socket_groups(config, account.groups);
    std::sort(account.groups.begin(), account.groups.end());
    account.groups.erase(std::unique(account.groups.begin(), account.groups.end()), account.groups.end());
    return account;
}

void make_folders(const config::Config& config, const Account* owner) {
    make_one_folder(config.process.state_dir, owner);
    if (const auto slash = config.admin.unix_path.rfind('/'); config.admin.enabled && slash != std::string::npos) {
        make_one_folder(config.admin.unix_path.substr(0, slash), owner);
    }
}

config::Result<void> become(const Account& account) {
    const auto failed = [&](const std::string& what) {
        return config::failure("cannot become the user " + account.user + ": " + what + ": " + reason(), "process.user");
    };
    constexpr std::uint64_t ports = bit(CAP_NET_BIND_SERVICE);
    constexpr std::uint64_t on_the_way = ports | bit(CAP_SETUID) | bit(CAP_SETGID) | bit(CAP_SETPCAP);
    const std::vector<gid_t> groups(account.groups.begin(), account.groups.end());
    if (!limit_capabilities(on_the_way)) {
        return failed("capset");
    }
    if (::setgroups(groups.size(), groups.data()) != 0) {
        return failed("setgroups");
    }
    if (::setresgid(account.gid, account.gid, account.gid) != 0) {
        return failed("setresgid");
    }
    (void)::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
    if (::setresuid(account.uid, account.uid, account.uid) != 0) {
        return failed("setresuid");
    }
    if (!limit_capabilities(on_the_way) || !limit_capabilities(ports)) {  // what was effective is not any more, what is permitted may be
        return failed("capset");
    }
    (void)::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE, 0, 0);  // for the successor
    if (account.uid != 0 && (::setuid(0) == 0 || ::geteuid() == 0)) {
        return config::failure("the user " + account.user + " can become root again", "process.user");
    }
    return {};
}

void keep_two_capabilities() {
    (void)limit_capabilities(bit(CAP_NET_BIND_SERVICE) | bit(CAP_DAC_OVERRIDE));
}

config::Result<void> forbid_new_privileges() {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return config::failure("no_new_privs: " + reason());
    }
    return {};
}

}  // namespace cardea::sandbox
