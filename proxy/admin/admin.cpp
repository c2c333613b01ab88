#include "proxy/admin/admin.hpp"

#include "proxy/admin/session.hpp"
#include "proxy/net/listen_socket.hpp"
#include "proxy/net/port_holder.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace cardea::admin {

namespace {

using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol>;

int family_of(const config::Address& address) {
    if (address.kind == config::Address::Kind::unix_path) {
        return AF_UNIX;
    }
    return address.ip.v6 ? AF_INET6 : AF_INET;
}

/// A socket file that only its owner may use; its folder is made when just that one is missing.
config::Result<int> open_private(const config::Address& address) {
    const auto slash = address.name.rfind('/');
    if (slash != std::string::npos && slash > 0) {
        (void)::mkdir(address.name.substr(0, slash).c_str(), 0700);
    }
    const auto former = ::umask(0177);
    auto opened = net::open_listener(address, 64);
    ::umask(former);
    return opened;
}

config::Result<int> open_door(const config::Address& address) {
    if (address.kind == config::Address::Kind::unix_path) {
        return open_private(address);
    }
    if (auto free = net::refuse_held_port(address); !free) {
        return tl::unexpected(free.error());
    }
    return net::open_listener(address, 64);
}

}  // namespace

class Admin::Doors {
public:
    Doors(control::Loop& loop, observe::Log& log, Facts facts, config::Admin defaults)
        : context_(loop.asio().context),
          log_(log),
          followers_(std::make_shared<Followers>(*facts.journal, log)),
          pages_(make_pages(std::move(facts))),
          defaults_(std::move(defaults)) {}

    config::Result<void> follow(const config::Admin& wanted) {
        const auto path = [](const std::string& text) {
            config::Address address;
            address.kind = config::Address::Kind::unix_path;
            address.name = text;
            return text.empty() ? std::optional<config::Address>() : std::optional(address);
        };
        connections_max_ = wanted.max_connections;
        sessions_->longest_request = wanted.max_request.count;
        followers_->take_at_most(wanted.max_followers);
        const bool on = wanted.enabled;
        if (auto done = set(tcp_, on ? wanted.tcp : std::nullopt, wanted.tcp == defaults_.tcp); !done) {
            return done;
        }
        return set(unix_, on ? path(wanted.unix_path) : std::nullopt, wanted.unix_path == defaults_.unix_path);
    }

    void stop() {
        close(tcp_);
        close(unix_);
        followers_->stop();
    }

    void wake() { followers_->wake(); }

    void inherit(std::vector<std::pair<config::Address, net::Descriptor>> sockets) {
        inherited_ = std::move(sockets);
        begun_ = false;
    }

    void begin() {
        begun_ = true;
        for (const auto& [address, socket] : inherited_) {
            if (address.kind == config::Address::Kind::unix_path) {
                ::unlink(address.name.c_str());  // the former process listened there, this one does not want to
            }
        }
        inherited_.clear();
        for (const Door* door : {&tcp_, &unix_}) {
            if (door->acceptor) {
                accept(door->acceptor, door == &unix_);
            }
        }
    }

    void hand_over() {
        for (Door* door : {&tcp_, &unix_}) {
            if (door->acceptor) {
                boost::system::error_code ignored;
                door->acceptor->close(ignored);
                *door = {};
            }
        }
    }

    [[nodiscard]] std::vector<std::pair<config::Address, int>> sockets() const {
        std::vector<std::pair<config::Address, int>> out;
        for (const Door* door : {&tcp_, &unix_}) {
            if (door->acceptor && door->address) {
                out.emplace_back(*door->address, door->acceptor->native_handle());
            }
        }
        return out;
    }

    [[nodiscard]] std::vector<std::string> addresses() const {
        std::vector<std::string> out;
        for (const Door* door : {&tcp_, &unix_}) {
            if (door->acceptor) {
                out.push_back(door->bound);
            }
        }
        return out;
    }

private:
    std::shared_ptr<const Pages> make_pages(Facts facts) {
        facts.door = [followers = followers_, sessions = sessions_] {
            return DoorCounts{followers->count(), followers->dropped(), sessions->refused, followers->refused(), sessions->too_long};
        };
        return std::make_shared<const Pages>(std::move(facts));
    }

    struct Door {
        std::optional<config::Address> address{};  ///< as wanted
        std::string bound{};                       ///< with the real port
        std::shared_ptr<Acceptor> acceptor{};
    };

    config::Result<void> set(Door& door, const std::optional<config::Address>& wanted, bool is_default) {
        if (door.address == wanted) {
            return {};
        }
        close(door);
        if (!wanted) {
            return {};
        }
        const auto opened = inherited_or_opened(*wanted);
        if (!opened && is_default) {
            log_.warning("admin_not_listening", {{"address", config::to_string(*wanted)}, {"why", opened.error().what}});
            return {};
        }
        if (!opened) {
            return tl::unexpected(opened.error());
        }
        door.address = wanted;
        door.acceptor = std::make_shared<Acceptor>(context_, boost::asio::generic::stream_protocol(family_of(*wanted), 0), *opened);
        door.bound = config::to_string(net::local_address(*opened).value_or(*wanted));
        log_.info("listening", {{"listener", "admin"}, {"address", door.bound}});
        if (begun_) {
            accept(door.acceptor, &door == &unix_);
        }
        return {};
    }

    config::Result<int> inherited_or_opened(const config::Address& wanted) {
        const auto found = std::find_if(inherited_.begin(), inherited_.end(), [&](const auto& one) { return one.first == wanted; });
        if (found == inherited_.end()) {
            return open_door(wanted);
        }
        const int socket = found->second.release();
        inherited_.erase(found);
        return socket;
    }

    void close(Door& door) {
        if (!door.acceptor || !door.address) {
            return;
        }
        boost::system::error_code ignored;
        door.acceptor->close(ignored);
        if (door.address->kind == config::Address::Kind::unix_path) {
            ::unlink(door.address->name.c_str());
        }
        door = {};
    }

    void accept(const std::shared_ptr<Acceptor>& acceptor, bool over_unix_socket) {
        acceptor->async_accept([this, acceptor, over_unix_socket](const boost::system::error_code& error, Socket socket) {
            if (!acceptor->is_open()) {
                return;
            }
            if (error) {
                pause(acceptor, over_unix_socket);
                return;
            }
            if (sessions_->alive < connections_max_) {
                std::make_shared<Session>(std::move(socket), pages_, followers_, over_unix_socket, sessions_)->start();
            } else {
                ++sessions_->refused;
            }
            accept(acceptor, over_unix_socket);
        });
    }

    /// Out of descriptors, most likely: trying again at once would spin.
    void pause(const std::shared_ptr<Acceptor>& acceptor, bool over_unix_socket) {
        auto timer = std::make_shared<boost::asio::steady_timer>(context_, std::chrono::milliseconds(100));
        timer->async_wait([this, timer, acceptor, over_unix_socket](const boost::system::error_code& /*error*/) {
            if (acceptor->is_open()) {
                accept(acceptor, over_unix_socket);
            }
        });
    }

    boost::asio::io_context& context_;
    observe::Log& log_;
    const std::shared_ptr<Followers> followers_;
    const std::shared_ptr<Sessions> sessions_{std::make_shared<Sessions>()};
    const std::shared_ptr<const Pages> pages_;
    std::size_t connections_max_{config::Admin{}.max_connections};
    const config::Admin defaults_;
    Door tcp_{}, unix_{};
    bool begun_{true};
    std::vector<std::pair<config::Address, net::Descriptor>> inherited_{};
};

Admin::Admin(control::Loop& loop, observe::Log& log, Facts facts, config::Admin defaults)
    : doors_(std::make_unique<Doors>(loop, log, std::move(facts), std::move(defaults))) {}

Admin::~Admin() {
    stop();
}

config::Result<void> Admin::follow(const config::Admin& wanted) {
    return doors_->follow(wanted);
}

void Admin::inherit(std::vector<std::pair<config::Address, net::Descriptor>> sockets) {
    doors_->inherit(std::move(sockets));
}

void Admin::begin() {
    doors_->begin();
}

void Admin::hand_over() {
    doors_->hand_over();
}

std::vector<std::pair<config::Address, int>> Admin::sockets() const {
    return doors_->sockets();
}

std::vector<std::string> Admin::addresses() const {
    return doors_->addresses();
}

void Admin::wake() {
    doors_->wake();
}

void Admin::stop() {
    doors_->stop();
}

}  // namespace cardea::admin
