#include "proxy/net/parcel.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace cardea::net {
namespace {

constexpr std::size_t control_bytes = CMSG_SPACE(sizeof(int) * parcel_descriptors_max);

struct alignas(cmsghdr) ParcelControl {
    std::array<char, control_bytes> bytes{};
};

tl::unexpected<config::Error> parcel_failure(const char* call) {
    return config::failure(std::string(call) + ": " + std::generic_category().message(errno));
}

/// Takes what the kernel has put into this process already, whatever becomes of the message.
std::vector<Descriptor> descriptors_in(msghdr& message) {
    std::vector<Descriptor> taken;
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int descriptor = -1;
            std::memcpy(&descriptor, CMSG_DATA(part) + i * sizeof(int), sizeof descriptor);
            taken.emplace_back(descriptor);
        }
    }
    return taken;
}

}  // namespace

config::Result<std::pair<Descriptor, Descriptor>> parcel_pair() {
    std::array<int, 2> ends{-1, -1};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) {
        return parcel_failure("socketpair");
    }
    std::pair<Descriptor, Descriptor> pair{Descriptor(ends[0]), Descriptor(ends[1])};
    for (const int end : ends) {
        const int room = 1 << 20;  // as much as the kernel grants: everything is sent before the other side reads
        (void)::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    }
    return pair;
}

config::Result<void> send_parcel(int socket, std::string_view text, std::span<const int> descriptors) {
    if (text.empty() || text.size() > parcel_bytes_max || descriptors.size() > parcel_descriptors_max) {
        return config::failure("a parcel of " + std::to_string(text.size()) + " bytes and " + std::to_string(descriptors.size()) +
                               " descriptors cannot be sent");
    }
    std::string bytes(text);
    iovec piece{bytes.data(), bytes.size()};
    ParcelControl control;
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    if (!descriptors.empty()) {
        message.msg_control = control.bytes.data();
        message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
        cmsghdr* const part = CMSG_FIRSTHDR(&message);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(part), descriptors.data(), descriptors.size_bytes());
    }
    if (::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        return parcel_failure("sendmsg");
    }
    return {};
}

config::Result<std::optional<Parcel>> receive_parcel(int socket) {
    Parcel parcel;
    parcel.text.resize(parcel_bytes_max);
    iovec piece{parcel.text.data(), parcel.text.size()};
    ParcelControl control;
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    ssize_t size = 0;
    do {
        size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    } while (size < 0 && (errno == EINTR || errno == ECONNRESET));  // a reset is told once, before what was said last
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return std::optional<Parcel>();
    }
    if (size < 0) {
        return parcel_failure("recvmsg");
    }
    parcel.descriptors = descriptors_in(message);
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        return config::failure("a parcel came cut off");
    }
    parcel.text.resize(static_cast<std::size_t>(size));
    return std::optional(std::move(parcel));
}

}  // namespace cardea::net
