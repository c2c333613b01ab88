#include "proxy/sandbox/landlock.hpp"

#include "proxy/net/descriptor.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace cardea::sandbox {

namespace {

// As in linux/landlock.h, which is older than the kernel on many systems. The numbers are the same on every processor.
constexpr long create_ruleset = 444, add_rule = 445, restrict_self = 446;
constexpr unsigned ask_version = 1, rule_path_beneath = 1;

constexpr std::uint64_t execute = 1U << 0, write_file = 1U << 1, read_file = 1U << 2, read_folder = 1U << 3, remove_folder = 1U << 4,
                        remove_file = 1U << 5, make_char = 1U << 6, make_folder = 1U << 7, make_file = 1U << 8, make_socket = 1U << 9,
                        make_fifo = 1U << 10, make_block = 1U << 11, make_link = 1U << 12, move = 1U << 13, truncate = 1U << 14,
                        device_control = 1U << 15;
constexpr std::uint64_t scope_signal = 1U << 1;

struct Ruleset {
    std::uint64_t files{0}, network{0}, scoped{0};
};
struct __attribute__((packed)) PathBeneath {  // packed in the kernel's header too
    std::uint64_t allowed{0};
    std::int32_t folder{-1};
};

/// What the kernel can withhold. The network is not restricted: any endpoint may be dialled, any listener added.
Ruleset everything(int version) {
    Ruleset all;
    all.files = execute | write_file | read_file | read_folder | remove_folder | remove_file | make_char | make_folder | make_file |
                make_socket | make_fifo | make_block | make_link;
    all.files |= version >= 2 ? move : 0;
    all.files |= version >= 3 ? truncate : 0;
    all.files |= version >= 5 ? device_control : 0;
    all.scoped = version >= 6 ? scope_signal : 0;
    return all;
}

std::size_t size_of_ruleset(int version) {
    return version >= 6 ? sizeof(Ruleset) : version >= 4 ? offsetof(Ruleset, scoped) : offsetof(Ruleset, network);
}

std::uint64_t rights_of(const std::set<Access>& accesses) {
    std::uint64_t rights = 0;
    for (const Access access : accesses) {
        switch (access) {
            case Access::read:
                rights |= read_file | read_folder;
                break;
            case Access::write:
                rights |= read_file | read_folder | write_file | truncate | make_file | remove_file | move;
                break;
            case Access::socket:
                rights |= read_folder | make_socket | remove_file;
                break;
        }
    }
    return rights;
}

config::Result<void> grant(int ruleset, std::uint64_t handled, const std::string& path, const std::set<Access>& accesses) {
    const net::Descriptor place(::open(path.c_str(), O_PATH | O_CLOEXEC));
    struct stat what{};
    if (!place || ::fstat(place.get(), &what) != 0) {
        return {};
    }
    constexpr std::uint64_t of_files = execute | write_file | read_file | truncate | device_control;
    const PathBeneath rule{rights_of(accesses) & handled & (S_ISDIR(what.st_mode) ? ~std::uint64_t{0} : of_files), place.get()};
    if (::syscall(add_rule, ruleset, rule_path_beneath, &rule, 0U) != 0) {
        return config::failure("landlock_add_rule " + path + ": " + std::generic_category().message(errno));
    }
    return {};
}

void grant_real(Grants& grants, const std::filesystem::path& path, Access access) {
    std::error_code error;
    if (const auto real = std::filesystem::canonical(path, error); !error) {
        grants[real].insert(access);
    }
}

void read_real(Grants& grants, const std::filesystem::path& path) {
    grant_real(grants, path, Access::read);
}

}  // namespace

int landlock_version() {
    const long version = ::syscall(create_ruleset, nullptr, std::size_t{0}, ask_version);
    return version > 0 ? static_cast<int>(version) : 0;
}

config::Result<void> enter_landlock(const Grants& grants) {
    const int version = landlock_version();
    const Ruleset handled = everything(version);
    const net::Descriptor ruleset(static_cast<int>(::syscall(create_ruleset, &handled, size_of_ruleset(version), 0U)));
    if (!ruleset) {
        return config::failure("landlock_create_ruleset: " + std::generic_category().message(errno));
    }
    for (const auto& [path, accesses] : grants) {
        if (auto granted = grant(ruleset.get(), handled.files, path, accesses); !granted) {
            return granted;
        }
    }
    if (::syscall(restrict_self, ruleset.get(), 0U) != 0) {
        return config::failure("landlock_restrict_self: " + std::generic_category().message(errno));
    }
    return {};
}

void add_customary(Grants& grants) {
    struct Custom {
        const char* variable;
        const char* folder;
        Access access;
    };
    constexpr std::array<Custom, 5> customs{{{"CONFIGURATION_DIRECTORY", "/etc/cardea", Access::read},
                                             {"CREDENTIALS_DIRECTORY", "/run/secrets", Access::read},
                                             {"LOGS_DIRECTORY", "/var/log/cardea", Access::write},
                                             {"STATE_DIRECTORY", "/var/lib/cardea", Access::write},
                                             {"RUNTIME_DIRECTORY", "/run/cardea", Access::socket}}};
    for (const auto& [variable, folder, access] : customs) {
        grant_real(grants, folder, access);
        const char* const listed = std::getenv(variable);
        std::string_view rest = listed == nullptr ? "" : listed;
        while (!rest.empty()) {
            const auto colon = rest.find(':');
            if (const auto one = rest.substr(0, colon); one.starts_with('/') && one != "/") {
                grant_real(grants, one, access);
            }
            rest.remove_prefix(colon == std::string_view::npos ? rest.size() : colon + 1);
        }
    }
}

Grants common_grants() {
    Grants grants;
    for (const char* const folder : {"/usr", "/lib", "/lib64", "/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/proc", "/sys/fs/cgroup",
                                     "/sys/devices/system/cpu", "/dev/urandom", "/dev/random", "/dev/zero"}) {
        read_real(grants, folder);
    }
    grants["/dev/null"] = {Access::read, Access::write};
    for (const char* const variable : {"SSL_CERT_FILE", "SSL_CERT_DIR"}) {
        if (const char* const path = std::getenv(variable); path != nullptr && *path == '/') {
            read_real(grants, path);
        }
    }
    // A file that is replaced is another one to Landlock, so that its folder is what has to be open. Where that is /etc itself
    // and we are root, who may read everything there, only the files as they are now.
    for (const char* const name : {"resolv.conf", "hosts", "nsswitch.conf", "host.conf", "gai.conf", "services", "localtime"}) {
        const std::filesystem::path path = std::filesystem::path("/etc") / name;
        std::error_code error;
        const auto real = std::filesystem::canonical(path, error);
        read_real(grants, path);
        if (!error && real.parent_path() != "/etc" && real.parent_path() != "/") {
            read_real(grants, real.parent_path());
        }
    }
    if (::geteuid() != 0) {
        read_real(grants, "/etc");
    }
    return grants;
}

}  // namespace cardea::sandbox
