#include "proxy/control/resolver.hpp"

#include "proxy/control/loop_asio.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <ares.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <algorithm>
#include <array>
#include <cstring>
#include <map>

namespace cardea::control {

namespace {

config::IpAddress from_socket_address(const sockaddr* address) {
    if (address->sa_family == AF_INET6) {
        sockaddr_in6 six{};
        std::memcpy(&six, address, sizeof six);
        std::array<std::uint8_t, 16> bytes{};
        std::copy_n(six.sin6_addr.s6_addr, bytes.size(), bytes.begin());
        return config::ip_of_v6(bytes);  // ::ffff:169.254.169.254 is judged as what it leads to
    }
    config::IpAddress ip;
    sockaddr_in four{};
    std::memcpy(&four, address, sizeof four);
    std::memcpy(ip.bytes.data(), &four.sin_addr, 4);
    return ip;
}

Lookup to_lookup(int status, const ares_addrinfo* answer) {
    Lookup lookup;
    if (status != ARES_SUCCESS) {
        const bool absent = status == ARES_ENOTFOUND || status == ARES_ENODATA;
        lookup.outcome = absent ? Lookup::Outcome::absent : Lookup::Outcome::failed;
        lookup.error = ares_strerror(status);
        return lookup;
    }
    int ttl = 0;
    for (const ares_addrinfo_node* node = answer->nodes; node != nullptr; node = node->ai_next) {
        if (node->ai_family == AF_INET || node->ai_family == AF_INET6) {
            lookup.addresses.push_back(from_socket_address(node->ai_addr));
            ttl = ttl == 0 ? node->ai_ttl : std::min(ttl, node->ai_ttl);
        }
    }
    for (const ares_addrinfo_cname* alias = answer->cnames; alias != nullptr; alias = alias->next) {
        ttl = std::min(ttl, alias->ttl);
    }
    std::sort(lookup.addresses.begin(), lookup.addresses.end(),
              [](const config::IpAddress& a, const config::IpAddress& b) { return a.v6 != b.v6 ? b.v6 : a.bytes < b.bytes; });
    lookup.addresses.erase(std::unique(lookup.addresses.begin(), lookup.addresses.end()), lookup.addresses.end());
    lookup.ttl = std::chrono::seconds(ttl);
    lookup.outcome = lookup.addresses.empty() ? Lookup::Outcome::absent : Lookup::Outcome::found;
    return lookup;
}

/// RFC 6761 section 6.3: the name means this machine, whatever DNS says; /etc/hosts may say more exactly which address.
Lookup localhost() {
    return {Lookup::Outcome::found, {*config::parse_ip("127.0.0.1"), *config::parse_ip("::1")}, {}, {}};
}

bool is_localhost(const std::string& name) {
    return name == "localhost" || name.ends_with(".localhost");
}

long long modified_at(const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 ? static_cast<long long>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec : -1;
}

}  // namespace

/// One c-ares channel: its sockets wait on the loop, its timeouts on a timer. Questions keep it alive.
class Resolver::Channel : public std::enable_shared_from_this<Channel> {
public:
    explicit Channel(boost::asio::io_context& context) : context_(context), timer_(context) { ares_library_init(ARES_LIB_INIT_ALL); }
    ~Channel() {
        close();
        ares_library_cleanup();
    }
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    bool open(const ResolverOptions& options);
    void ask(const std::string& name, std::function<void(Lookup)> done);
    void close();

private:
    struct Question {
        std::weak_ptr<Channel> channel;
        std::function<void(Lookup)> done;
        bool localhost{false};
    };
    struct Socket {
        explicit Socket(boost::asio::io_context& context, int number) : descriptor(context, number) {}
        ~Socket() { descriptor.release(); }  // c-ares closes it
        Socket(const Socket&) = delete;
        Socket& operator=(const Socket&) = delete;
        boost::asio::posix::stream_descriptor descriptor;
        bool read{false}, write{false};
        bool reading{false}, writing{false};
    };
    void socket_state(ares_socket_t number, bool read, bool write);
    void wait_on(const std::shared_ptr<Socket>& socket);
    void process(ares_socket_t read, ares_socket_t write);
    void set_timer();

    boost::asio::io_context& context_;
    boost::asio::steady_timer timer_;
    ares_channel channel_{nullptr};
    std::map<ares_socket_t, std::shared_ptr<Socket>> sockets_{};
};

bool Resolver::Channel::open(const ResolverOptions& options) {
    ares_options given{};
    given.timeout = static_cast<int>(options.timeout.count());
    given.tries = options.tries;
    static char hosts_then_dns[] = "fb";
    given.lookups = hosts_then_dns;
    given.sock_state_cb_data = this;
    given.sock_state_cb = [](void* self, ares_socket_t number, int read, int write) {
        static_cast<Channel*>(self)->socket_state(number, read != 0, write != 0);
    };
    const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
    if (ares_init_options(&channel_, &given, mask) != ARES_SUCCESS) {
        channel_ = nullptr;
        return false;
    }
    return options.servers.empty() || ares_set_servers_ports_csv(channel_, options.servers.c_str()) == ARES_SUCCESS;
}

void Resolver::Channel::ask(const std::string& name, std::function<void(Lookup)> done) {
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_flags = ARES_AI_NOSORT;
    auto question = std::make_unique<Question>(Question{weak_from_this(), std::move(done), is_localhost(name)});
    ares_getaddrinfo(
        channel_, name.c_str(), nullptr, &hints,
        [](void* given, int status, int, ares_addrinfo* answer) {
            const std::unique_ptr<Question> asked(static_cast<Question*>(given));
            auto lookup = to_lookup(status, answer);
            if (lookup.outcome != Lookup::Outcome::found && asked->localhost) {
                lookup = localhost();
            }
            if (answer != nullptr) {
                ares_freeaddrinfo(answer);
            }
            const auto channel = asked->channel.lock();
            if (channel && status != ARES_EDESTRUCTION && status != ARES_ECANCELLED) {
                // Later: /etc/hosts answers inside ares_getaddrinfo, and c-ares wants no calls from its callbacks.
                boost::asio::post(channel->context_, [done = std::move(asked->done), lookup = std::move(lookup), weak = asked->channel] {
                    if (!weak.expired()) {
                        done(lookup);
                    }
                });
            }
        },
        question.release());
    set_timer();
}

void Resolver::Channel::close() {
    if (channel_ != nullptr) {
        ares_destroy(channel_);
        channel_ = nullptr;
    }
    sockets_.clear();
    timer_.cancel();
}

void Resolver::Channel::socket_state(ares_socket_t number, bool read, bool write) {
    if (!read && !write) {
        sockets_.erase(number);
        return;
    }
    auto& socket = sockets_[number];
    if (!socket) {
        socket = std::make_shared<Socket>(context_, number);
    }
    socket->read = read;
    socket->write = write;
    wait_on(socket);
}

void Resolver::Channel::wait_on(const std::shared_ptr<Socket>& socket) {
    using Descriptor = boost::asio::posix::stream_descriptor;
    const auto wait = [this, &socket](bool wanted, bool Socket::* waiting, Descriptor::wait_type type) {
        if (!wanted || (*socket).*waiting) {
            return;
        }
        (*socket).*waiting = true;
        const ares_socket_t number = socket->descriptor.native_handle();
        socket->descriptor.async_wait(type, [channel = weak_from_this(), weak = std::weak_ptr(socket), number, waiting,
                                             type](const boost::system::error_code& error) {
            const auto self = channel.lock();
            const auto same = weak.lock();
            if (!self || !same || error) {
                return;
            }
            (*same).*waiting = false;
            const bool reads = type == Descriptor::wait_read;
            self->process(reads ? number : ARES_SOCKET_BAD, reads ? ARES_SOCKET_BAD : number);
            const auto still = self->sockets_.find(number);
            if (still != self->sockets_.end() && still->second == same) {
                self->wait_on(same);
            }
        });
    };
    wait(socket->read, &Socket::reading, Descriptor::wait_read);
    wait(socket->write, &Socket::writing, Descriptor::wait_write);
}

void Resolver::Channel::process(ares_socket_t read, ares_socket_t write) {
    if (channel_ != nullptr) {
        ares_process_fd(channel_, read, write);
        set_timer();
    }
}

void Resolver::Channel::set_timer() {
    timeval room{};
    const timeval* const next = channel_ == nullptr ? nullptr : ares_timeout(channel_, nullptr, &room);
    if (next == nullptr) {
        timer_.cancel();
        return;
    }
    timer_.expires_after(std::chrono::seconds(next->tv_sec) + std::chrono::microseconds(next->tv_usec) + std::chrono::milliseconds(1));
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        const auto self = weak.lock();
        if (self && !error) {
            self->process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        }
    });
}

Resolver::Resolver(Loop& loop, ResolverOptions options) : loop_(loop), options_(std::move(options)) {}

Resolver::~Resolver() {
    if (channel_) {
        channel_->close();
    }
}

void Resolver::resolve(const std::string& name, std::function<void(Lookup)> done) {
    const auto stamp = modified_at(options_.resolv_conf);
    if (!channel_ || stamp != resolv_conf_stamp_) {
        // Questions under way at the old servers are dropped with them only when the channel goes: they hold it by weak
        // references, so it is kept until its last answer.
        const auto former = std::exchange(channel_, std::make_shared<Channel>(loop_.asio().context));
        resolv_conf_stamp_ = stamp;
        if (former) {
            loop_.at(std::chrono::steady_clock::now() + std::chrono::seconds(30), [former] {});
        }
        if (!channel_->open(options_)) {
            channel_.reset();
            loop_.post([done = std::move(done)] { done(Lookup{Lookup::Outcome::failed, {}, {}, "the resolver cannot be set up"}); });
            return;
        }
    }
    channel_->ask(name, std::move(done));
}

}  // namespace cardea::control
