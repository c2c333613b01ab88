#include "proxy/listening.hpp"

#include "proxy/net/listen_socket.hpp"
#include "proxy/net/port_holder.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace cardea::proxy {

namespace {

void close_all(const std::vector<int>& descriptors) {
    for (const int descriptor : descriptors) {
        ::close(descriptor);
    }
}

}  // namespace

config::Result<std::vector<int>> open_for_workers(const config::Address& address, std::size_t count) {
    if (auto free = net::refuse_held_port(address); !free) {
        return tl::unexpected(free.error());
    }
    std::vector<int> descriptors;
    config::Address place = address;
    while (descriptors.size() < count) {
        // A path can be bound once: the other workers accept from the same socket.
        const bool again = place.kind == config::Address::Kind::unix_path && !descriptors.empty();
        auto opened = again ? config::Result<int>(::fcntl(descriptors.front(), F_DUPFD_CLOEXEC, 3)) : net::open_listener(place);
        if (!opened) {
            close_all(descriptors);
            return tl::unexpected(opened.error());
        }
        descriptors.push_back(*opened);
        if (place.kind == config::Address::Kind::ip && place.port == 0) {
            const auto chosen = net::local_address(*opened);
            if (!chosen) {
                close_all(descriptors);
                return tl::unexpected(chosen.error());
            }
            place.port = chosen->port;
        }
    }
    return descriptors;
}

}  // namespace cardea::proxy
