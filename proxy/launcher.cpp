#include "proxy/launcher.hpp"

#include "config/units.hpp"
#include "proxy/net/parcel.hpp"
#include "proxy/spawn.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <set>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

namespace cardea::proxy {

namespace {

constexpr int answer_patience_ms = 5000;
constexpr int orders_descriptor = 3;
constexpr std::string_view spawn_order = "spawn", kill_order = "kill ", end_order = "end ";
constexpr char good = '+', bad = '-';

/// The life of the launcher: orders until the other side is gone.
class Orders {
public:
    Orders(const std::string& program, const std::vector<std::string>& arguments) : program_(program), arguments_(arguments) {}

    void obey() {
        for (;;) {
            pollfd wait{orders_descriptor, POLLIN, 0};
            if (::poll(&wait, 1, -1) < 0 && errno != EINTR) {
                return;
            }
            const auto order = net::receive_parcel(orders_descriptor).value_or(net::Parcel{});  // an error ends it too
            if (order && order->text.empty()) {
                return;
            }
            if (order) {
                (void)net::send_parcel(orders_descriptor, answer(*order));
            }
        }
    }

private:
    std::string answer(const net::Parcel& order) {
        const std::string_view text = order.text;
        if (text == spawn_order && order.descriptors.size() == 1) {
            const auto pid = spawn_successor(program_, arguments_, order.descriptors.front().get());
            if (pid) {
                children_.insert(*pid);
            }
            return pid ? good + std::to_string(*pid) : bad + pid.error().what;
        }
        const bool kills = text.starts_with(kill_order);
        const auto number = text.substr(std::min(text.size(), kills ? kill_order.size() : end_order.size()));
        const auto pid = config::parse_unsigned(number, 1U << 30U);
        if (!pid || !children_.contains(static_cast<int>(*pid))) {
            return std::string(1, bad);
        }
        if (kills) {
            ::kill(static_cast<int>(*pid), SIGKILL);
            return std::string(1, good);
        }
        const auto end = end_of_child(static_cast<int>(*pid));
        if (!end.empty()) {
            children_.erase(static_cast<int>(*pid));
        }
        return good + end;
    }

    const std::string& program_;
    const std::vector<std::string>& arguments_;
    std::set<int> children_{};
};

/// Never returns: the new process holds what a successor shall inherit, and the orders.
[[noreturn]] void live_as_launcher(int orders, const std::string& program, const std::vector<std::string>& arguments) {
    (void)::prctl(PR_SET_NAME, "cardea-launcher", 0, 0, 0);
    // What is meant for the proxy may be sent to all processes of a terminal or a unit: our end is the end of the orders.
    for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE, SIGWINCH}) {
        (void)std::signal(number, SIG_IGN);
    }
    for (const char* const variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", handover_variable}) {
        ::unsetenv(variable);  // those of this start
    }
    if (orders != orders_descriptor) {
        ::dup2(orders, orders_descriptor);
    }
    ::closefrom(orders_descriptor + 1);
    Orders(program, arguments).obey();
    ::_exit(0);
}

}  // namespace

config::Result<Launcher> Launcher::beside_us(const std::string& program, const std::vector<std::string>& arguments) {
    auto pair = net::parcel_pair();
    if (!pair) {
        return tl::unexpected(pair.error());
    }
    const pid_t pid = ::fork();
    if (pid < 0) {
        return config::failure("fork: " + std::generic_category().message(errno));
    }
    if (pid == 0) {
        live_as_launcher(pair->second.get(), program, arguments);
    }
    return Launcher(program, std::move(pair->first));
}

config::Result<std::string> Launcher::ask(const std::string& order, int descriptor) {
    const std::array<int, 1> passed{descriptor};
    const std::span<const int> descriptors(passed.data(), descriptor < 0 ? 0 : 1);
    if (auto sent = net::send_parcel(channel_.get(), order, descriptors); !sent) {
        return config::failure("the launcher of this process is gone");
    }
    pollfd wait{channel_.get(), POLLIN, 0};
    (void)::poll(&wait, 1, answer_patience_ms);
    const auto parcel = net::receive_parcel(channel_.get()).value_or(std::nullopt);
    if (!parcel || parcel->text.empty()) {
        channel_.reset();  // a late answer would be taken for that of the next order
        return config::failure("the launcher of this process does not answer");
    }
    const std::string& text = parcel->text;
    if (text.front() == bad) {
        return config::failure(text.substr(1));
    }
    return text.substr(1);
}

config::Result<int> Launcher::spawn(int channel) {
    const auto answer = ask(std::string(spawn_order), channel);
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    const auto pid = config::parse_unsigned(*answer, 1U << 30U);
    return pid ? config::Result<int>(static_cast<int>(*pid)) : config::failure("the launcher of this process does not answer");
}

void Launcher::kill(int pid) {
    (void)ask(std::string(kill_order) + std::to_string(pid));
}

std::string Launcher::end_of(int pid) {
    return ask(std::string(end_order) + std::to_string(pid)).value_or("");
}

}  // namespace cardea::proxy
