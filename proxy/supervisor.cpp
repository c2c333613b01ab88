#include "proxy/supervisor.hpp"

#include "config/text.hpp"
#include "config/units.hpp"
#include "proxy/net/listen_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>

namespace cardea::proxy {

namespace {

constexpr int first_passed = 3;  // SD_LISTEN_FDS_START
constexpr std::uint64_t most_passed = 1024;

bool set(config::Files& files, const std::string& name) {
    return !files.environment(name).value_or("").empty();
}

bool is_number(const std::optional<std::string>& text, int number) {
    const auto value = text ? config::parse_unsigned(*text, 1U << 30U) : config::Result<std::uint64_t>(config::failure(""));
    return value && static_cast<int>(*value) == number;
}

std::string microseconds_since_boot() {
    timespec now{};
    (void)::clock_gettime(CLOCK_MONOTONIC, &now);
    return std::to_string(std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000);
}

}  // namespace

Lineage lineage_of_this_process() {
    Lineage lineage{::getpid(), ::getppid(), {}};
    std::getline(std::ifstream("/proc/1/comm") >> std::ws, lineage.first);
    return lineage;
}

std::string why_no_upgrade(const Lineage& lineage, config::Files& files) {
    if (lineage.pid == 1) {
        return "this is process 1 of its container, which ends with it: start a new container instead";
    }
    static constexpr std::array<std::string_view, 4> short_lived{"tini", "docker-init", "dumb-init", "catatonit"};
    if (lineage.parent == 1 && std::ranges::find(short_lived, lineage.first) != short_lived.end()) {
        return "the container ends with this process (" + lineage.first + " waits for it): start a new container instead";
    }
    const bool unit = is_number(files.environment("SYSTEMD_EXEC_PID"), lineage.pid) || (set(files, "INVOCATION_ID") && lineage.parent == 1);
    if (unit && !set(files, "NOTIFY_SOCKET")) {
        return "systemd would take the end of this process for the end of the service: set NotifyAccess=main (or Type=notify) in the unit";
    }
    return {};
}

config::Result<std::vector<std::string>> activation_names(int pid, config::Files& files) {
    const auto count_text = files.environment("LISTEN_FDS");
    if (!count_text || !is_number(files.environment("LISTEN_PID"), pid)) {
        return std::vector<std::string>();
    }
    const auto count = config::parse_unsigned(*count_text, most_passed);
    if (!count) {
        return config::failure("LISTEN_FDS=" + config::printable(*count_text) + " is not a number of sockets");
    }
    std::vector<std::string> names;
    const std::string text = files.environment("LISTEN_FDNAMES").value_or("");
    std::string_view rest = text;
    for (std::uint64_t i = 0; i < *count; ++i) {
        const auto colon = rest.find(':');
        names.emplace_back(rest.substr(0, colon));
        rest.remove_prefix(colon == std::string_view::npos ? rest.size() : colon + 1);
    }
    return names;
}

config::Result<std::vector<InheritedSocket>> take_activated_sockets(config::Files& files) {
    auto names = activation_names(::getpid(), files);
    for (const char* variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) {
        ::unsetenv(variable);
    }
    if (!names) {
        return tl::unexpected(names.error());
    }
    std::vector<InheritedSocket> sockets;
    for (std::size_t i = 0; i < names->size(); ++i) {
        const int descriptor = first_passed + static_cast<int>(i);
        const int flags = ::fcntl(descriptor, F_GETFL);
        if (flags < 0 || !net::listens(descriptor)) {
            return config::failure("LISTEN_FDS: descriptor " + std::to_string(descriptor) + " is not a listening stream socket", {},
                                   "the socket unit wants ListenStream= and Accept=no");
        }
        (void)::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
        (void)::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
        InheritedSocket one;
        one.name = std::move((*names)[i]);
        one.foreign = true;
        one.socket.reset(descriptor);
        one.configured = net::local_address(descriptor).value_or(config::Address{});
        sockets.push_back(std::move(one));
    }
    return sockets;
}

Supervisor::Supervisor(config::Files& files) : address_(files.environment("NOTIFY_SOCKET").value_or("")) {}

void Supervisor::tell(const std::string& message) const {
    sockaddr_un place{};
    if (address_.empty() || address_.size() >= sizeof place.sun_path) {
        return;
    }
    place.sun_family = AF_UNIX;
    std::memcpy(place.sun_path, address_.data(), address_.size());
    const bool abstract = address_.front() == '@';
    if (abstract) {
        place.sun_path[0] = '\0';
    }
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size() + (abstract ? 0U : 1U));
    const net::Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    (void)::sendto(socket.get(), message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&place), size);
}

void Supervisor::ready(std::string_view status) const {
    tell("READY=1\nSTATUS=" + std::string(status));
}

void Supervisor::reloading() const {
    tell("RELOADING=1\nMONOTONIC_USEC=" + microseconds_since_boot());
}

void Supervisor::stopping() const {
    tell("STOPPING=1\nSTATUS=draining");
}

void Supervisor::succeeded_by(int pid) const {
    tell("MAINPID=" + std::to_string(pid) + "\nREADY=1");
}

}  // namespace cardea::proxy
