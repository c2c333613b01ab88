#pragma once
// One connection of the control plane's client: unix or TCP, plain or TLS, behind five calls. Control thread only.
// A callback holds the channel alive; after close() no callback runs any more.

#include "config/address.hpp"
#include "proxy/control/outbound.hpp"
#include "proxy/net/tls_context.hpp"

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <optional>

namespace cardea::control {

class Channel : public std::enable_shared_from_this<Channel> {
public:
    explicit Channel(boost::asio::io_context& context) : socket_(context) {}

    using Finished = std::function<void(const boost::system::error_code&)>;
    using Received = std::function<void(const boost::system::error_code&, std::string_view)>;

    /// `address` is no name.
    void connect(const config::Address& address, Finished done);
    /// After connect().
    void handshake(const net::TlsClientContext& tls, const std::string& host, Finished done);
    void write(std::string bytes, Finished done);
    /// Some bytes, at least one; the view is valid inside the callback.
    void read(Received done);
    /// Calls back when an idle connection becomes readable: closed, or speaking out of turn. cancel_watch() forgets it.
    void watch(std::function<void()> spoke);
    void cancel_watch();
    void close();
    /// True while the peer has neither closed nor sent anything: one non-blocking peek.
    [[nodiscard]] bool quiet();

private:
    using Socket = boost::asio::generic::stream_protocol::socket;

    Socket socket_;
    std::optional<boost::asio::ssl::context> context_{};
    std::optional<boost::asio::ssl::stream<Socket&>> tls_{};
    std::string outgoing_{};
    std::unique_ptr<std::array<char, 16 * 1024>> incoming_{};  ///< only while reading
    std::uint64_t watching_{0};
    bool closed_{false};
};

}  // namespace cardea::control
