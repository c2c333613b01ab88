#include "proxy/net/socket_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace cardea::net {

config::Result<SocketAddress> to_socket_address(const config::Address& address) {
    SocketAddress out;
    switch (address.kind) {
        case config::Address::Kind::name:
            return config::failure("`" + address.name + "` is a name, not an address");
        case config::Address::Kind::unix_path: {
            sockaddr_un un{};
            un.sun_family = AF_UNIX;
            if (address.name.empty() || address.name.size() >= sizeof un.sun_path) {
                return config::failure("unix path `" + address.name + "` is empty or longer than the kernel takes");
            }
            std::memcpy(un.sun_path, address.name.data(), address.name.size());
            std::memcpy(&out.storage, &un, sizeof un);
            out.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.name.size() + 1);
            return out;
        }
        case config::Address::Kind::ip:
            break;
    }
    if (address.ip.v6) {
        sockaddr_in6 in6{};
        in6.sin6_family = AF_INET6;
        in6.sin6_port = htons(address.port);
        std::memcpy(&in6.sin6_addr, address.ip.bytes.data(), 16);
        std::memcpy(&out.storage, &in6, sizeof in6);
        out.size = sizeof in6;
    } else {
        sockaddr_in in{};
        in.sin_family = AF_INET;
        in.sin_port = htons(address.port);
        std::memcpy(&in.sin_addr, address.ip.bytes.data(), 4);
        std::memcpy(&out.storage, &in, sizeof in);
        out.size = sizeof in;
    }
    return out;
}

config::Address from_socket_address(const SocketAddress& from) {
    config::Address out;
    if (from.family() == AF_INET6) {
        sockaddr_in6 in6{};
        std::memcpy(&in6, &from.storage, sizeof in6);
        out.port = ntohs(in6.sin6_port);
        std::array<std::uint8_t, 16> bytes{};
        std::memcpy(bytes.data(), &in6.sin6_addr, 16);
        if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
            std::copy_n(bytes.begin() + 12, 4, out.ip.bytes.begin());
        } else {
            out.ip.bytes = bytes;
            out.ip.v6 = true;
        }
    } else if (from.family() == AF_INET) {
        sockaddr_in in{};
        std::memcpy(&in, &from.storage, sizeof in);
        out.port = ntohs(in.sin_port);
        std::memcpy(out.ip.bytes.data(), &in.sin_addr, 4);
    } else {
        sockaddr_un un{};
        std::memcpy(&un, &from.storage, sizeof un);
        out.kind = config::Address::Kind::unix_path;
        const std::size_t room = from.size > offsetof(sockaddr_un, sun_path) ? from.size - offsetof(sockaddr_un, sun_path) : 0;
        out.name.assign(un.sun_path, ::strnlen(un.sun_path, std::min(room, sizeof un.sun_path)));
    }
    return out;
}

}  // namespace cardea::net
