#pragma once
// From a place to a connection ready for a request: resolve, connect to each address in turn, TLS handshake, all within
// one time. Control thread only.

#include "proxy/control/outbound_channel.hpp"

#include <boost/asio/steady_timer.hpp>

#include <map>

namespace cardea::control {

/// TLS contexts by settings; made anew every minute, so that rotated files are picked up.
class TlsContexts {
public:
    config::Result<net::TlsClientContext> get(const config::TlsClient& settings, config::TimePoint now);

private:
    struct Made {
        net::TlsClientContext context;
        config::TimePoint when;
    };
    std::map<std::string, Made> made_{};
};

class Dial : public std::enable_shared_from_this<Dial> {
public:
    using Done = std::function<void(tl::expected<std::shared_ptr<Channel>, OutboundFailure>)>;

    Dial(boost::asio::io_context& context, const Resolve& resolve, TlsContexts& contexts, Place place, Done done);
    /// Once. `done` is called later, exactly once unless cancel() comes first.
    void start(config::Duration timeout);
    void cancel();

private:
    void connect_next(const std::string& last_error, OutboundFailure::Kind kind);
    void connected();
    void finish(tl::expected<std::shared_ptr<Channel>, OutboundFailure> result);
    void fail(OutboundFailure::Kind kind, const std::string& why);

    boost::asio::io_context& context_;
    const Resolve& resolve_;
    TlsContexts& contexts_;
    Place place_;
    Done done_;
    boost::asio::steady_timer timer_;
    std::vector<config::Address> addresses_{};
    std::size_t next_{0};
    std::shared_ptr<Channel> channel_{};
};

}  // namespace cardea::control
