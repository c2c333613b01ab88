#include "proxy/listening.hpp"

#include "proxy/net/listen_socket.hpp"
#include "proxy/net/port_holder.hpp"

namespace cardea::proxy {

config::Result<std::vector<net::Descriptor>> open_for_workers(const config::Address& address, std::size_t count) {
    if (auto free = net::refuse_held_port(address); !free) {
        return tl::unexpected(free.error());
    }
    std::vector<net::Descriptor> sockets;
    config::Address place = address;
    const std::size_t wanted = place.kind == config::Address::Kind::unix_path ? 1 : count;
    while (sockets.size() < wanted) {
        auto opened = net::open_listener(place);
        if (!opened) {
            return tl::unexpected(opened.error());
        }
        sockets.emplace_back(*opened);
        if (place.kind == config::Address::Kind::ip && place.port == 0) {
            const auto chosen = net::local_address(*opened);
            if (!chosen) {
                return tl::unexpected(chosen.error());
            }
            place.port = chosen->port;
        }
    }
    return sockets;
}

std::vector<net::Descriptor> open_more(const config::Address& bound, std::size_t count) {
    std::vector<net::Descriptor> sockets;
    while (sockets.size() < count) {
        const auto opened = net::open_listener(bound);
        if (!opened) {
            break;
        }
        sockets.emplace_back(*opened);
    }
    return sockets;
}

}  // namespace cardea::proxy
