#include "proxy/control/outbound_dial.hpp"

namespace cardea::control {

namespace {

OutboundFailure::Kind kind_of(const boost::system::error_code& error) {
    namespace errc = boost::system::errc;
    if (error == errc::too_many_files_open || error == errc::too_many_files_open_in_system || error == errc::no_buffer_space ||
        error == errc::not_enough_memory) {
        return OutboundFailure::Kind::starved;
    }
    const bool absent = error == boost::asio::error::connection_refused || error == errc::no_such_file_or_directory;
    return absent ? OutboundFailure::Kind::refused : OutboundFailure::Kind::unreachable;
}

}  // namespace

config::Result<net::TlsClientContext> TlsContexts::get(const config::TlsClient& settings, config::TimePoint now) {
    const std::string key =
        settings.ca + '\n' + settings.cert + '\n' + settings.key + '\n' + settings.server_name + (settings.verify ? "\n1" : "\n0");
    const auto found = made_.find(key);
    if (found != made_.end() && now - found->second.when < std::chrono::minutes(1)) {
        return found->second.context;
    }
    auto fresh = net::TlsClientContext::make(settings);
    if (fresh) {
        made_.insert_or_assign(key, Made{*fresh, now});
    }
    return fresh;
}

Dial::Dial(boost::asio::io_context& context, const Resolve& resolve, TlsContexts& contexts, Place place, Done done)
    : context_(context), resolve_(resolve), contexts_(contexts), place_(std::move(place)), done_(std::move(done)), timer_(context) {}

void Dial::start(config::Duration timeout) {
    timer_.expires_after(timeout);
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        if (!error) {
            self->fail(OutboundFailure::Kind::timed_out, "no connection in time");
        }
    });
    if (place_.address.kind != config::Address::Kind::name) {
        addresses_.push_back(place_.address);
        connect_next({}, OutboundFailure::Kind::unreachable);
        return;
    }
    resolve_(place_.address.name, [self = shared_from_this()](config::Result<std::vector<config::IpAddress>> found) {
        if (!self->done_) {
            return;
        }
        if (!found) {
            self->fail(OutboundFailure::Kind::unresolved, found.error().what);
            return;
        }
        for (const auto& ip : *found) {
            self->addresses_.push_back({config::Address::Kind::ip, ip, {}, self->place_.address.port});
        }
        self->connect_next("the name has no address", OutboundFailure::Kind::unresolved);
    });
}

void Dial::connect_next(const std::string& last_error, OutboundFailure::Kind kind) {
    if (next_ == addresses_.size()) {
        fail(kind, last_error);
        return;
    }
    channel_ = std::make_shared<Channel>(context_);
    channel_->connect(addresses_[next_++], [self = shared_from_this()](const boost::system::error_code& error) {
        if (!self->done_) {
            return;
        }
        if (!error) {
            self->connected();
            return;
        }
        self->channel_->close();
        self->connect_next(error.message(), kind_of(error));
    });
}

void Dial::connected() {
    if (!place_.tls.enabled) {
        finish(channel_);
        return;
    }
    const auto tls = contexts_.get(place_.tls, std::chrono::steady_clock::now());
    if (!tls) {
        fail(OutboundFailure::Kind::tls, tls.error().what);
        return;
    }
    const auto& address = place_.address;
    const std::string host = address.kind == config::Address::Kind::ip ? config::to_string(address.ip) : address.name;
    channel_->handshake(*tls, host, [self = shared_from_this()](const boost::system::error_code& error) {
        if (!self->done_) {
            return;
        }
        if (error) {
            self->fail(OutboundFailure::Kind::tls, "TLS: " + error.message());
            return;
        }
        self->finish(self->channel_);
    });
}

void Dial::cancel() {
    done_ = nullptr;
    timer_.cancel();
    if (channel_) {
        channel_->close();
        channel_.reset();
    }
}

void Dial::fail(OutboundFailure::Kind kind, const std::string& why) {
    if (channel_) {
        channel_->close();
    }
    finish(tl::unexpected(OutboundFailure{kind, "connect to " + config::to_string(place_.address) + ": " + why}));
}

void Dial::finish(tl::expected<std::shared_ptr<Channel>, OutboundFailure> result) {
    if (!done_) {
        return;
    }
    timer_.cancel();
    channel_.reset();
    const auto done = std::move(done_);
    done_ = nullptr;
    done(std::move(result));
}

}  // namespace cardea::control
