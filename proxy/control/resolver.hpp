#pragma once
// Host names to addresses, by c-ares on the control thread's loop: /etc/hosts first, then DNS, never a blocking call.
// resolv.conf is read again when it changes. Callbacks come later, never inside resolve().

#include "config/address.hpp"
#include "proxy/control/loop.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cardea::control {

struct Lookup {
    enum class Outcome : std::uint8_t {
        found,
        absent,  ///< the name, or an address for it, does not exist: an authoritative no
        failed,  ///< nobody could tell: timeout, server failure, no server
    };
    Outcome outcome{Outcome::failed};
    std::vector<config::IpAddress> addresses{};  ///< sorted, IPv4 first
    config::Duration ttl{0};                     ///< smallest of the answer; 0 when it had none (/etc/hosts)
    std::string error{};                         ///< of absent and failed
};

struct ResolverOptions {
    std::string servers{};                        ///< `127.0.0.1:5353,...` instead of resolv.conf's; for tests
    std::string resolv_conf{"/etc/resolv.conf"};  ///< watched for changes
    config::Duration timeout{1000};               ///< of the first try at one server; c-ares doubles it
    int tries{2};
};

class Resolver {
public:
    explicit Resolver(Loop& loop, ResolverOptions options = {});
    ~Resolver();  ///< pending callbacks are dropped
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    void resolve(const std::string& name, std::function<void(Lookup)> done);

private:
    class Channel;
    Loop& loop_;
    ResolverOptions options_;
    std::shared_ptr<Channel> channel_{};
    long long resolv_conf_stamp_{0};
};

}  // namespace cardea::control
