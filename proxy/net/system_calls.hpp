#pragma once
// The calls that every request makes, asked of the kernel itself: the C library's own are points at which a thread may be
// cancelled, which costs each of them more than it does otherwise, and no thread here is ever cancelled. errno as usual. Any thread.

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstddef>
#include <span>

namespace cardea::net {

/// recv(2).
inline ssize_t receive_bytes(int socket, std::span<char> room) {
    return ::syscall(SYS_recvfrom, socket, room.data(), room.size(), 0, nullptr, nullptr);
}

/// sendmsg(2).
inline ssize_t send_message(int socket, const msghdr& message) {
    return ::syscall(SYS_sendmsg, socket, &message, MSG_NOSIGNAL);
}

/// epoll_wait(2), which not every architecture has by that name.
inline int wait_for_events(int epoll, std::span<epoll_event> room, int milliseconds) {
    return static_cast<int>(
        ::syscall(SYS_epoll_pwait, epoll, room.data(), static_cast<int>(room.size()), milliseconds, nullptr, std::size_t{8}));
}

}  // namespace cardea::net
