#include "proxy/control/outbound_channel.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>

namespace cardea::control {

namespace {

using StreamEndpoint = boost::asio::generic::stream_protocol::endpoint;

StreamEndpoint to_asio(const config::Address& address) {
    namespace asio = boost::asio;
    if (address.kind == config::Address::Kind::unix_path) {
        return asio::local::stream_protocol::endpoint(address.name);
    }
    if (address.ip.v6) {
        return asio::ip::tcp::endpoint(asio::ip::address_v6(address.ip.bytes), address.port);
    }
    asio::ip::address_v4::bytes_type bytes{};
    std::copy_n(address.ip.bytes.begin(), bytes.size(), bytes.begin());
    return asio::ip::tcp::endpoint(asio::ip::address_v4(bytes), address.port);
}

/// A peer that vanished without a word is noticed after 11 s, whether we wait for it or have written to it.
void prepare_tcp(int descriptor) {
    const auto set = [descriptor](int level, int name, int value) { setsockopt(descriptor, level, name, &value, sizeof value); };
    set(IPPROTO_TCP, TCP_NODELAY, 1);
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, 5);
    set(IPPROTO_TCP, TCP_KEEPINTVL, 2);
    set(IPPROTO_TCP, TCP_KEEPCNT, 3);
    set(IPPROTO_TCP, TCP_USER_TIMEOUT, 11'000);  // milliseconds
}

}  // namespace

void Channel::connect(const config::Address& address, Finished done) {
    boost::system::error_code error;
    StreamEndpoint endpoint;
    try {
        endpoint = to_asio(address);  // a unix path longer than sun_path throws
        socket_.open(endpoint.protocol(), error);
    } catch (const boost::system::system_error& refused) {
        error = refused.code();
    }
    if (error) {
        boost::asio::post(socket_.get_executor(), [self = shared_from_this(), done = std::move(done), error] {
            if (!self->closed_) {
                done(error);
            }
        });
        return;
    }
    if (address.kind != config::Address::Kind::unix_path) {
        prepare_tcp(socket_.native_handle());
    }
    socket_.async_connect(endpoint, [self = shared_from_this(), done = std::move(done)](const boost::system::error_code& result) {
        if (!self->closed_) {
            done(result);
        }
    });
}

void Channel::handshake(const net::TlsClientContext& tls, const std::string& host, Finished done) {
    SSL_CTX_up_ref(tls.native());  // asio's context takes the reference over
    context_.emplace(tls.native());
    tls_.emplace(socket_, *context_);
    if (!tls.prepare(tls_->native_handle(), host)) {
        boost::asio::post(socket_.get_executor(), [self = shared_from_this(), done = std::move(done)] {
            if (!self->closed_) {
                done(boost::asio::error::make_error_code(boost::asio::error::invalid_argument));
            }
        });
        return;
    }
    tls_->async_handshake(boost::asio::ssl::stream_base::client,
                          [self = shared_from_this(), done = std::move(done)](const boost::system::error_code& result) {
                              if (!self->closed_) {
                                  done(result);
                              }
                          });
}

void Channel::write(std::string bytes, Finished done) {
    outgoing_ = std::move(bytes);
    auto finished = [self = shared_from_this(), done = std::move(done)](const boost::system::error_code& result, std::size_t) {
        if (!self->closed_) {
            self->outgoing_ = {};
            done(result);
        }
    };
    if (tls_) {
        boost::asio::async_write(*tls_, boost::asio::buffer(outgoing_), std::move(finished));
    } else {
        boost::asio::async_write(socket_, boost::asio::buffer(outgoing_), std::move(finished));
    }
}

void Channel::read(Received done) {
    if (!incoming_) {
        incoming_ = std::make_unique<std::array<char, 16 * 1024>>();
    }
    auto received = [self = shared_from_this(), done = std::move(done)](const boost::system::error_code& result, std::size_t count) {
        if (!self->closed_) {
            const auto room = std::move(self->incoming_);  // an idle connection owns no buffer
            done(result, {room->data(), count});
        }
    };
    if (tls_) {
        tls_->async_read_some(boost::asio::buffer(*incoming_), std::move(received));
    } else {
        socket_.async_read_some(boost::asio::buffer(*incoming_), std::move(received));
    }
}

void Channel::watch(std::function<void()> spoke) {
    const std::uint64_t mine = ++watching_;
    socket_.async_wait(Socket::wait_read,
                       [self = shared_from_this(), mine, spoke = std::move(spoke)](const boost::system::error_code& error) {
                           if (!self->closed_ && self->watching_ == mine && !error) {
                               spoke();
                           }
                       });
}

void Channel::cancel_watch() {
    ++watching_;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

bool Channel::quiet() {
    char byte = 0;
    const auto got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void Channel::close() {
    closed_ = true;
    boost::system::error_code ignored;
    socket_.close(ignored);
}

}  // namespace cardea::control
