#pragma once
// The other ends of a worker under test, on loopback: a client's and an origin's socket, driven step by step by the test.
// Every wait has a limit of ten seconds, so a fault fails the test instead of hanging it.

#include "proxy/net/descriptor.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cardea::support {

class Peer {
public:
    explicit Peer(net::Descriptor socket);
    /// Connects to 127.0.0.1. `receive_buffer`: SO_RCVBUF, 0 = the kernel's own.
    static Peer to(std::uint16_t port, int receive_buffer = 0);

    void send(std::string_view bytes);
    /// Sends `again` over and over until the other side takes no more for a quarter of a second; how many bytes went.
    std::size_t send_until_blocked(std::size_t at_most, std::string_view again = "x");
    /// Everything up to and including `end`; what came before the connection ended when it never came.
    std::string read_until(std::string_view end);
    std::string read(std::size_t count);
    /// Until the other side closes.
    std::string read_all();
    std::string head() { return read_until("\r\n\r\n"); }
    /// The other side ended in an orderly way and nothing is left to read.
    bool ended();
    /// The other side reset the connection.
    bool reset_by_peer();
    /// Nothing arrives within `milliseconds`.
    bool silent(int milliseconds);

    void receive_at_most(int bytes);  ///< SO_RCVBUF
    void end_writing();
    void close() { socket_.reset(); }
    void reset();
    [[nodiscard]] int descriptor() const { return socket_.get(); }

private:
    bool fill();
    net::Descriptor socket_;
    std::string buffer_;
    bool end_{false}, reset_{false};
};

/// A listening socket of the test's own on 127.0.0.1.
class Origin {
public:
    Origin();
    [[nodiscard]] std::uint16_t port() const { return port_; }
    Peer accept();
    /// Nobody connects within `milliseconds`.
    bool nobody(int milliseconds);
    void close() { socket_.reset(); }  ///< from now on connections are refused

private:
    net::Descriptor socket_;
    std::uint16_t port_{0};
};

}  // namespace cardea::support
