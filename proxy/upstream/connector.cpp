#include "proxy/upstream/connector.hpp"

#include "proxy/net/socket_address.hpp"

#include <cerrno>

namespace cardea::upstream {
namespace {

/// Nobody listens there: a port without a listener, a socket file without a process, or no such file.
bool says_absent(int error) {
    return error == ECONNREFUSED || error == ENOENT || error == ECONNRESET;
}

bool is_our_own_lack(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

Connecting Connector::start(config::TimePoint now) {
    const auto& addresses = connection_->endpoint->addresses;
    index_ = addresses.empty() ? 0 : connection_->endpoint->address_index.load(std::memory_order_relaxed) % addresses.size();
    return addresses.empty() ? Connecting::failed : dial(now);
}

Connecting Connector::dial(config::TimePoint now) {
    const auto place = net::to_socket_address(connection_->endpoint->addresses[index_]);
    if (!place) {
        return next(false, now);
    }
    deadline_ = now + timeout_;
    connection_->stream.close();
    switch (connection_->stream.connect(*place)) {
        case net::Io::done:
            connection_->endpoint->address_index.store(static_cast<std::uint8_t>(index_), std::memory_order_relaxed);
            return Connecting::connected;
        case net::Io::blocked:
            return Connecting::waiting;
        default:
            return is_our_own_lack(connection_->stream.error()) ? Connecting::starved : next(says_absent(connection_->stream.error()), now);
    }
}

Connecting Connector::next(bool refused, config::TimePoint now) {
    const std::size_t count = connection_->endpoint->addresses.size();
    all_refused_ = all_refused_ && refused;
    if (++tried_ >= count) {
        return all_refused_ ? Connecting::refused : Connecting::failed;
    }
    index_ = (index_ + 1) % count;
    return dial(now);
}

Connecting Connector::step(config::TimePoint now) {
    switch (connection_->stream.connected()) {
        case net::Io::done:
            connection_->endpoint->address_index.store(static_cast<std::uint8_t>(index_), std::memory_order_relaxed);
            return Connecting::connected;
        case net::Io::blocked:
            return now >= deadline_ ? next(false, now) : Connecting::waiting;
        default:
            return next(says_absent(connection_->stream.error()), now);
    }
}

}  // namespace cardea::upstream
