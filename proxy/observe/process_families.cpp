// process_*: what every Prometheus client library tells of its process.
#include "proxy/observe/exposition.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>
#include <array>
#include <charconv>
#include <fstream>
#include <string>
#include <string_view>

namespace cardea::observe {

namespace {

std::string file_text(const char* path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// Field `index` (from 1, as proc(5) counts) of /proc/self/stat; the name in field 2 may hold blanks and brackets.
double stat_field(std::string_view stat, int index) {
    const auto name_end = stat.rfind(')');
    if (name_end == std::string_view::npos) {
        return 0;
    }
    std::string_view rest = stat.substr(name_end + 1);
    for (int field = 3; !rest.empty(); ++field) {
        rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of(' ')));
        const auto text = rest.substr(0, rest.find(' '));
        if (field == index) {
            double value = 0;
            std::from_chars(text.data(), text.data() + text.size(), value);
            return value;
        }
        rest.remove_prefix(text.size());
    }
    return 0;
}

double boot_time() {
    const std::string text = file_text("/proc/stat");
    const auto at = text.find("\nbtime ");
    double value = 0;
    if (at != std::string::npos) {
        std::from_chars(text.data() + at + 7, text.data() + text.size(), value);
    }
    return value;
}

double open_descriptors() {
    DIR* const folder = ::opendir("/proc/self/fd");
    if (folder == nullptr) {
        return 0;
    }
    double count = -3;  // `.`, `..` and the descriptor of this listing
    while (::readdir(folder) != nullptr) {
        ++count;
    }
    ::closedir(folder);
    return count;
}

}  // namespace

void add_process_families(Families& out) {
    const std::string stat = file_text("/proc/self/stat");
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
    rlimit descriptors{};
    ::getrlimit(RLIMIT_NOFILE, &descriptors);
    const auto gauge = Family::Kind::gauge;
    out.push_back(single(Family::Kind::counter, "process_cpu_seconds_total", "User and system CPU time spent.",
                         (stat_field(stat, 14) + stat_field(stat, 15)) / ticks));
    out.push_back(single(gauge, "process_resident_memory_bytes", "Resident memory.", stat_field(stat, 24) * page));
    out.push_back(single(gauge, "process_virtual_memory_bytes", "Virtual memory.", stat_field(stat, 23)));
    out.push_back(single(gauge, "process_threads", "Threads.", stat_field(stat, 20)));
    out.push_back(single(gauge, "process_open_fds", "Open descriptors.", open_descriptors()));
    out.push_back(single(gauge, "process_max_fds", "Limit of open descriptors.", static_cast<double>(descriptors.rlim_cur)));
    out.push_back(
        single(gauge, "process_start_time_seconds", "Start of the process, Unix time.", boot_time() + stat_field(stat, 22) / ticks));
}

}  // namespace cardea::observe
