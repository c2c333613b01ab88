#pragma once
// A connected non-blocking socket, read and written with plain recvmsg and sendmsg. What the poller said is remembered:
// readable() stays true until a read came up short, writable() until a write did. One worker.

#include "proxy/net/descriptor.hpp"
#include "proxy/net/poller.hpp"
#include "proxy/net/socket_address.hpp"
#include "proxy/net/waker.hpp"

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace cardea::net {

enum class Io : std::uint8_t {
    done,     ///< some bytes moved
    blocked,  ///< nothing now; an event will tell
    ended,    ///< orderly end of what the peer sends
    failed,   ///< reset, unreachable, closed for writing
};

struct IoResult {
    Io io{Io::blocked};
    std::size_t bytes{0};
};

/// Closes so that the peer sees a reset, never an orderly end.
void reset(Descriptor socket);

class Stream final : public Watcher {
public:
    explicit Stream(Poller& poller) : poller_(&poller) {}
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    ~Stream() { close(); }

    /// Takes an accepted socket (non-blocking). False when the poller refuses it; it is closed then.
    [[nodiscard]] bool adopt(int descriptor);
    /// Begins to connect; TCP_NODELAY is set. `done`: connected at once; `blocked`: wait for writable() and ask connected().
    [[nodiscard]] Io connect(const SocketAddress& address);
    /// After connect() blocked: done, still blocked, or failed (error() tells).
    [[nodiscard]] Io connected();
    /// errno of the last failed operation, or 0.
    [[nodiscard]] int error() const { return error_; }

    /// Who is woken by events from now on, and with which bits, of the lowest eight.
    void wake_with(Wakeable* owner, std::uint8_t on_readable, std::uint8_t on_writable);

    [[nodiscard]] bool open() const { return descriptor_ >= 0; }
    [[nodiscard]] int descriptor() const { return descriptor_; }
    [[nodiscard]] bool readable() const { return readable_; }
    [[nodiscard]] bool writable() const { return writable_; }
    /// The peer has ended its direction or reset the connection; bytes may still be there to read.
    [[nodiscard]] bool peer_ended() const { return peer_ended_; }
    /// Both directions are gone (reset, or closed by the peer after we wrote).
    [[nodiscard]] bool broken() const { return broken_; }
    /// The poller reported an error: the peer reset the connection, or it is unreachable.
    [[nodiscard]] bool was_reset() const { return was_reset_; }

    [[nodiscard]] IoResult receive(std::span<char> room);
    /// `total`: bytes of all pieces.
    [[nodiscard]] IoResult send(std::span<const iovec> pieces, std::size_t total);
    /// Moves at most `limit` bytes that have come into a pipe that is empty, or at most `count` from a pipe that holds as many.
    [[nodiscard]] IoResult splice_into(int pipe, std::size_t limit);
    [[nodiscard]] IoResult splice_out_of(int pipe, std::size_t count);
    /// One system call, whatever the events said: is the connection still open and silent?
    [[nodiscard]] bool quiet_now();
    /// Bytes the kernel will probably take without blocking; one system call.
    [[nodiscard]] std::size_t send_room() const;
    /// Bytes of ours that the kernel still has because the peer has not taken them; one system call.
    [[nodiscard]] std::size_t unsent() const;
    void end_writing();  ///< half close
    void close();
    void reset();

    void on_events(std::uint32_t events) override;

private:
    IoResult nothing_received(bool ended);
    IoResult nothing_sent();
    Poller* poller_;
    Wakeable* owner_{nullptr};
    int descriptor_{-1};
    int error_{0};
    std::uint8_t readable_bits_{0}, writable_bits_{0};
    bool readable_{false}, writable_{false}, peer_ended_{false}, broken_{false}, was_reset_{false};
};

}  // namespace cardea::net
