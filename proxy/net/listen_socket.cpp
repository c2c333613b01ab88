#include "proxy/net/listen_socket.hpp"

#include "proxy/net/descriptor.hpp"
#include "proxy/net/socket_address.hpp"

#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

namespace cardea::net {
namespace {

std::string listen_error(const config::Address& address, int error) {
    std::string what = "cannot listen on " + config::to_string(address) + ": " + std::generic_category().message(error);
    return what;
}

std::string listen_hint(const config::Address& address, int error) {
    if (error == EADDRINUSE) {
        return "another program holds it: `ss -ltnp sport = :" + std::to_string(address.port) + "` names it";
    }
    if (error == EACCES) {
        return "ports below 1024 need CAP_NET_BIND_SERVICE";
    }
    return {};
}

void switch_on(int descriptor, int level, int option) {
    const int on = 1;
    (void)::setsockopt(descriptor, level, option, &on, sizeof on);
}

/// A socket file without a process behind it refuses connections; only then may it be replaced.
void remove_stale_socket(const config::Address& address, const SocketAddress& place) {
    const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (probe.get() >= 0 && ::connect(probe.get(), place.get(), place.size) != 0 && errno == ECONNREFUSED) {
        ::unlink(address.name.c_str());
    }
}

}  // namespace

config::Result<int> open_listener(const config::Address& address, int backlog) {
    auto place = to_socket_address(address);
    if (!place) {
        return tl::unexpected(place.error());
    }
    Descriptor socket(::socket(place->family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (socket.get() < 0 && errno == EAFNOSUPPORT && address.ip.v6 && address.ip.unspecified()) {
        config::Address everywhere = address;
        everywhere.ip = config::IpAddress{};
        return open_listener(everywhere, backlog);
    }
    if (socket.get() < 0) {
        return config::failure(listen_error(address, errno));
    }
    if (place->family() == AF_UNIX) {
        remove_stale_socket(address, *place);
    } else {
        switch_on(socket.get(), SOL_SOCKET, SO_REUSEADDR);
        switch_on(socket.get(), SOL_SOCKET, SO_REUSEPORT);
        switch_on(socket.get(), IPPROTO_TCP, TCP_NODELAY);
    }
    if (place->family() == AF_INET6) {
        const int only = address.ip.unspecified() ? 0 : 1;
        (void)::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
    }
    if (::bind(socket.get(), place->get(), place->size) != 0 || ::listen(socket.get(), backlog) != 0) {
        const int error = errno;
        return config::failure(listen_error(address, error), {}, listen_hint(address, error));
    }
    return socket.release();
}

bool listens(int descriptor) {
    int listening = 0;
    int type = 0;
    socklen_t size = sizeof(int);
    const bool known = ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 &&
                       ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
    return known && listening == 1 && type == SOCK_STREAM;
}

void turn_newcomers_away(int descriptor) {
    // Classic BPF over the TCP header: octet 13 holds the flags, bit 1 of them is SYN. 0 drops, all ones keep.
    std::array<sock_filter, 4> program{{
        {BPF_LD | BPF_B | BPF_ABS, 0, 0, 13},
        {BPF_JMP | BPF_JSET | BPF_K, 0, 1, 0x02},
        {BPF_RET | BPF_K, 0, 0, 0},
        {BPF_RET | BPF_K, 0, 0, 0xFFFFFFFF},
    }};
    const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
    (void)::setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

config::Result<config::Address> local_address(int descriptor) {
    SocketAddress bound;
    bound.size = sizeof bound.storage;
    if (::getsockname(descriptor, bound.get(), &bound.size) != 0) {
        return config::failure("getsockname: " + std::generic_category().message(errno));
    }
    return from_socket_address(bound);
}

}  // namespace cardea::net
