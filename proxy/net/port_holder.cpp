#include "proxy/net/port_holder.hpp"

#include "proxy/net/socket_address.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace cardea::net {

namespace {

/// Inodes of the sockets that listen on the port, from the tables of proc_net_tcp(5): local `ADDRESS:PORT` in hex is the
/// second column, the state (0A = LISTEN) the fourth, the inode the tenth.
std::set<std::string> listening_inodes(std::uint16_t port) {
    std::set<std::string> inodes;
    for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
        std::ifstream in(table);
        std::string line;
        std::getline(in, line);
        while (std::getline(in, line)) {
            std::istringstream columns(line);
            std::string number, local, remote, state, queues, timer, retransmits, user, timeout, inode;
            columns >> number >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeout >> inode;
            const auto colon = local.rfind(':');
            std::uint16_t local_port = 0;
            if (colon != std::string::npos && state == "0A" &&
                std::from_chars(local.data() + colon + 1, local.data() + local.size(), local_port, 16).ec == std::errc{} &&
                local_port == port) {
                inodes.insert("socket:[" + inode + "]");
            }
        }
    }
    return inodes;
}

bool owns_one_of(const std::filesystem::path& process, const std::set<std::string>& sockets) {
    std::error_code error;
    for (auto entry = std::filesystem::directory_iterator(process / "fd", error); !error && entry != std::filesystem::directory_iterator{};
         entry.increment(error)) {
        std::error_code unreadable;
        if (sockets.contains(std::filesystem::read_symlink(entry->path(), unreadable).string())) {
            return true;
        }
    }
    return false;
}

}  // namespace

std::string holder_of_port(std::uint16_t port) {
    const auto sockets = listening_inodes(port);
    if (sockets.empty()) {
        return {};
    }
    std::error_code error;
    for (auto entry = std::filesystem::directory_iterator("/proc", error); !error && entry != std::filesystem::directory_iterator{};
         entry.increment(error)) {
        const std::string pid = entry->path().filename().string();
        if (pid.find_first_not_of("0123456789") != std::string::npos || !owns_one_of(entry->path(), sockets)) {
            continue;
        }
        std::string name;
        std::getline(std::ifstream(entry->path() / "comm") >> std::ws, name);
        name.append(" (pid ").append(pid).append(")");
        return name;
    }
    return {};
}

config::Result<void> refuse_held_port(const config::Address& address) {
    if (address.kind != config::Address::Kind::ip || address.port == 0) {
        return {};
    }
    const auto place = to_socket_address(address);
    const int probe = place ? ::socket(place->family(), SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
    if (probe < 0) {
        return {};
    }
    const int on = 1;
    (void)::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (place->family() == AF_INET6) {
        const int only = address.ip.unspecified() ? 0 : 1;
        (void)::setsockopt(probe, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
    }
    const bool held = ::bind(probe, place->get(), place->size) != 0 && errno == EADDRINUSE;
    ::close(probe);
    if (!held) {
        return {};
    }
    if (owns_one_of("/proc/self", listening_inodes(address.port))) {
        return {};  // a reload that renames a listener: old and new sockets stand side by side for a moment
    }
    const std::string holder = holder_of_port(address.port);
    const std::string port = std::to_string(address.port);
    return config::failure(
        "cannot listen on " + config::to_string(address) + ": " + (holder.empty() ? "another process" : holder) + " holds port " + port, {},
        holder.empty() ? "`sudo ss -ltnp sport = :" + port + "` names it" : "");
}

}  // namespace cardea::net
