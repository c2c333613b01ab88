#include "proxy/machine.hpp"

#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace cardea::proxy {

namespace {

constexpr std::size_t file_bytes_max = 64U << 20;

std::string_view first_line(std::string_view text) {
    return text.substr(0, text.find('\n'));
}

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::optional<std::int64_t> number_in(config::Files& files, const std::string& path) {
    const auto text = files.read(path);
    return text ? whole_number(first_line(*text)) : std::nullopt;
}

std::optional<std::uint32_t> processors_of(std::optional<std::int64_t> quota, std::optional<std::int64_t> period) {
    if (!quota || !period || *quota <= 0 || *period <= 0) {
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(std::min<std::int64_t>((*quota + *period - 1) / *period, 65536));
}

/// `cpu.max` holds `max 100000` or `150000 100000`.
std::optional<std::uint32_t> quota_v2(config::Files& files, const std::string& group) {
    const auto text = files.read("/sys/fs/cgroup" + group + "/cpu.max");
    if (!text) {
        return std::nullopt;
    }
    const auto line = first_line(*text);
    const auto blank = line.find(' ');
    if (blank == std::string_view::npos) {
        return std::nullopt;
    }
    return processors_of(whole_number(line.substr(0, blank)), whole_number(line.substr(blank + 1)));
}

std::optional<std::uint32_t> quota_v1(config::Files& files, const std::string& group) {
    const std::string folder = "/sys/fs/cgroup/cpu" + group;
    return processors_of(number_in(files, folder + "/cpu.cfs_quota_us"), number_in(files, folder + "/cpu.cfs_period_us"));
}

/// The group and all above it, the root last; inside a container the named group is often not visible, its root is.
std::vector<std::string> with_parents(std::string group) {
    std::vector<std::string> groups;
    while (group.size() > 1) {
        groups.push_back(group);
        group.erase(group.rfind('/'));
    }
    groups.emplace_back();
    return groups;
}

/// Whether a line of /proc/self/cgroup (`3:cpu,cpuacct:/a/b`, `0::/a/b`) is about that.
bool names(std::string_view controllers, std::string_view wanted) {
    while (!controllers.empty()) {
        const auto comma = controllers.find(',');
        if (controllers.substr(0, comma) == wanted) {
            return true;
        }
        controllers.remove_prefix(comma == std::string_view::npos ? controllers.size() : comma + 1);
    }
    return false;
}

/// `visit(unified, group)` for the process's own group of that controller and every group above.
template <typename Visit>
void for_each_group(config::Files& files, std::string_view controller, const Visit& visit) {
    const auto groups = files.read("/proc/self/cgroup");
    std::string_view rest = groups ? std::string_view(*groups) : std::string_view{};
    while (!rest.empty()) {
        const auto line = first_line(rest);
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        const auto first = line.find(':');
        const auto second = first == std::string_view::npos ? first : line.find(':', first + 1);
        if (second == std::string_view::npos) {
            continue;
        }
        const auto controllers = line.substr(first + 1, second - first - 1);
        const bool unified = controllers.empty();
        if (!unified && !names(controllers, controller)) {
            continue;
        }
        for (const auto& group : with_parents(std::string(line.substr(second + 1)))) {
            visit(unified, group);
        }
    }
}

}  // namespace

std::uint32_t usable_processors(config::Files& files, std::uint32_t affinity) {
    std::uint32_t result = std::max(1U, affinity);
    for_each_group(files, "cpu", [&](bool unified, const std::string& group) {
        const auto quota = unified ? quota_v2(files, group) : quota_v1(files, group);
        result = std::min(result, std::max(1U, quota.value_or(result)));
    });
    return result;
}

std::uint64_t usable_memory(config::Files& files, std::uint64_t installed) {
    std::uint64_t result = installed;
    for_each_group(files, "memory", [&](bool unified, const std::string& group) {
        const std::string folder = (unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory") + group;
        const auto limit = number_in(files, folder + (unified ? "/memory.max" : "/memory.limit_in_bytes"));  // `max`: no number
        if (limit && *limit > 0) {
            result = std::min(result, static_cast<std::uint64_t>(*limit));
        }
    });
    return result;
}

std::uint64_t installed_memory() {
    constexpr std::uint64_t unknown = 1ULL << 30U;
    const long pages = ::sysconf(_SC_PHYS_PAGES);
    const long size = ::sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(size) : unknown;
}

std::uint32_t processors_in_affinity_mask() {
    // A fixed cpu_set_t holds 1024; larger machines answer EINVAL until the mask is large enough.
    for (int capacity = 1024; capacity <= 1 << 16; capacity *= 2) {
        cpu_set_t* const mask = CPU_ALLOC(static_cast<std::size_t>(capacity));
        const std::size_t size = CPU_ALLOC_SIZE(static_cast<std::size_t>(capacity));
        const bool known = mask != nullptr && ::sched_getaffinity(0, size, mask) == 0;
        const int count = known ? CPU_COUNT_S(size, mask) : 0;
        CPU_FREE(mask);
        if (known) {
            return static_cast<std::uint32_t>(std::max(1, count));
        }
    }
    return 1;
}

std::uint64_t raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 1024;
    }
    if (limit.rlim_cur < limit.rlim_max) {
        const rlimit raised{limit.rlim_max, limit.rlim_max};
        if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) {
            return raised.rlim_cur;
        }
    }
    return limit.rlim_cur;
}

void hold_standard_descriptors() {
    for (int descriptor = 0; descriptor <= 2; ++descriptor) {
        if (::fcntl(descriptor, F_GETFD) < 0 && errno == EBADF) {
            static_cast<void>(::open("/dev/null", O_RDWR));  // takes the lowest free number, which is this one
        }
    }
}

config::Result<std::string> DiskFiles::read(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return config::failure("`" + path + "` cannot be read: " + std::strerror(errno));
    }
    std::string content;
    std::array<char, std::size_t{16} * 1024> room{};
    int error = 0;
    while (content.size() <= file_bytes_max) {
        const auto n = ::read(descriptor, room.data(), room.size());
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            error = n < 0 ? errno : 0;
            break;
        }
        content.append(room.data(), static_cast<std::size_t>(n));
    }
    ::close(descriptor);
    if (error != 0) {
        return config::failure("`" + path + "` cannot be read: " + std::strerror(error));
    }
    if (content.size() > file_bytes_max) {
        return config::failure("`" + path + "` is larger than 64 MiB");
    }
    return content;
}

config::Result<std::vector<std::string>> DiskFiles::glob(const std::string& pattern) {
    ::glob_t found{};
    const int code = ::glob(pattern.c_str(), 0, nullptr, &found);
    std::vector<std::string> paths;
    if (code == 0) {
        paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    }
    ::globfree(&found);
    if (code != 0 && code != GLOB_NOMATCH) {
        return config::failure("`" + pattern + "` cannot be searched");
    }
    return paths;
}

std::optional<std::string> DiskFiles::environment(const std::string& name) {
    const char* const value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace cardea::proxy
