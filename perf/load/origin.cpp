// origin: an HTTP/1.1 server that answers with its own name. The demo's web01..web04, the target of load tests, and, being
// static, an image of its own (`docker import`). One thread, one edge-triggered epoll set.

#include "perf/load/arguments.hpp"
#include "perf/load/origin_connection.hpp"
#include "perf/load/sockets.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <set>
#include <unordered_map>

namespace {

using namespace cardea::load;

constexpr auto usage = R"(usage: origin --listen ADDRESS:PORT... [options]
  --listen A:P        numeric address; `:80` means every address; repeatable; port 0 prints the port it got
  --name NAME         what `/` answers (default: $NAME, then the host name)
  --delay-start TIME  wait before listening, as an application that starts slowly
  --delay TIME        service time of each request
  --idle-timeout TIME close connections that are idle for so long
  --max-requests N    per connection
  --on-term WHAT      graceful (default): finish what is in flight, streams as well; goodbye: the same, but end streams;
                      exit: at once; ignore
  --journal FILE      append `TIME NAME listening`, `... request METHOD TARGET`, `... body TARGET` (the body is complete)
paths: /b/N N bytes, /c/N chunked, /eof/N ended by close, /slow/MS, /drip/N/MS N events, /status/CODE, /echo the request
itself, /key/KEY/N the name, KEY, length and checksum of the request's body in one line and N bytes after it, /upgrade an
echoing tunnel, /count, /hang, /close, /reset; anything else: the name
)";

enum class OnTerm { graceful, goodbye, exit, ignore };

class Server final {
public:
    Server(Behaviour& behaviour, OnTerm on_term) : behaviour_(behaviour), on_term_(on_term), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
        sigset_t signals;
        sigemptyset(&signals);
        sigaddset(&signals, SIGTERM);
        sigaddset(&signals, SIGINT);
        sigprocmask(SIG_BLOCK, &signals, nullptr);
        signals_ = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
        watch(signals_, EPOLLIN);
    }

    void listen(const SocketAddress& address) {
        const int socket = listen_on(address);
        listeners_.push_back(socket);
        watch(socket, EPOLLIN);
        std::printf("listening %s\n", to_string(local_address(socket)).c_str());
        std::fflush(stdout);
        if (behaviour_.journal >= 0) {
            behaviour_.write_down("listening");
        }
    }

    /// An application that starts slowly, but obeys a signal meanwhile.
    void sleep(Clock::duration time) {
        pollfd signals{signals_, POLLIN, 0};
        if (poll(&signals, 1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(time).count())) > 0) {
            on_signal();
        }
    }

    void run() {
        std::array<epoll_event, 256> events;
        while (!(behaviour_.stopping && connections_.empty())) {
            const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout());
            const auto now = Clock::now();
            for (int i = 0; i < count; ++i) {
                const auto& event = events[static_cast<std::size_t>(i)];
                dispatch(event.data.fd, now, (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
            }
            while (!timers_.empty() && timers_.begin()->first <= now) {
                dispatch(timers_.begin()->second, now, false);
            }
        }
    }

private:
    void watch(int descriptor, std::uint32_t events) const {
        epoll_event event{};
        event.events = events;
        event.data.fd = descriptor;
        epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
    }

    [[nodiscard]] int timeout() const {
        if (timers_.empty()) {
            return -1;
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first - Clock::now()).count();
        return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
    }

    void dispatch(int descriptor, Clock::time_point now, bool peer_closing) {
        if (descriptor == signals_) {
            on_signal();
        } else if (const auto found = connections_.find(descriptor); found != connections_.end()) {
            progress(*found->second, now, peer_closing);
        } else {
            accept_from(descriptor, now);
        }
    }

    void progress(OriginConnection& connection, Clock::time_point now, bool peer_closing) {
        const auto before = connection.wake_at();
        const auto next = connection.on_event(now, peer_closing);
        const auto after = connection.wake_at();
        if (before != after || next == OriginConnection::Next::close) {
            timers_.erase({before, connection.socket()});
        }
        if (next == OriginConnection::Next::close || (behaviour_.stopping && connection.idle())) {
            timers_.erase({after, connection.socket()});
            connections_.erase(connection.socket());
        } else if (before != after && after != Clock::time_point::max()) {
            timers_.insert({after, connection.socket()});
        }
    }

    void accept_from(int listener, Clock::time_point now) {
        int socket = -1;
        while ((socket = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
            auto& connection = *connections_.emplace(socket, std::make_unique<OriginConnection>(socket, behaviour_)).first->second;
            watch(socket, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
            progress(connection, now, false);
        }
    }

    void on_signal() {
        signalfd_siginfo info;
        while (read(signals_, &info, sizeof info) == sizeof info) {
            if (info.ssi_signo == SIGINT || on_term_ == OnTerm::exit) {
                _exit(0);
            }
            behaviour_.stopping = on_term_ != OnTerm::ignore;
        }
        if (!behaviour_.stopping) {
            return;
        }
        for (const int listener : listeners_) {
            close(listener);
        }
        listeners_.clear();
        if (on_term_ == OnTerm::goodbye) {
            end_streams();
        }
        std::erase_if(connections_, [](const auto& entry) { return entry.second->idle(); });
        std::erase_if(timers_, [this](const auto& timer) { return !connections_.contains(timer.second); });
    }

    void end_streams() {
        const auto now = Clock::now();
        std::vector<OriginConnection*> all;
        all.reserve(connections_.size());
        for (const auto& [socket, connection] : connections_) {
            all.push_back(connection.get());
        }
        for (auto* const connection : all) {
            timers_.erase({connection->wake_at(), connection->socket()});
            connection->end_stream();
            progress(*connection, now, false);
        }
    }

    Behaviour& behaviour_;
    OnTerm on_term_;
    int epoll_, signals_{-1};
    std::vector<int> listeners_{};
    std::unordered_map<int, std::unique_ptr<OriginConnection>> connections_{};
    std::set<std::pair<Clock::time_point, int>> timers_{};
};

std::string default_name() {
    if (const char* name = std::getenv("NAME")) {
        return name;
    }
    std::array<char, 256> host{};
    gethostname(host.data(), host.size() - 1);
    return host.data();
}

OnTerm parse_on_term(const std::string& word) {
    if (word == "graceful") {
        return OnTerm::graceful;
    }
    if (word == "goodbye") {
        return OnTerm::goodbye;
    }
    if (word == "exit") {
        return OnTerm::exit;
    }
    if (word == "ignore") {
        return OnTerm::ignore;
    }
    throw UsageError("--on-term: expected graceful, goodbye, exit or ignore, found `" + word + "`");
}

void serve(int count, char** values) {
    const Arguments arguments(count, values,
                              {"listen", "name", "delay-start", "delay", "idle-timeout", "max-requests", "on-term", "journal"}, {"help"});
    if (arguments.has("help")) {
        std::fputs(usage, stdout);
        return;
    }
    if (!arguments.has("listen")) {
        throw UsageError("");
    }
    Behaviour behaviour;
    behaviour.name = arguments.text("name", default_name());
    behaviour.delay = arguments.duration("delay", {});
    behaviour.idle_timeout = arguments.duration("idle-timeout", {});
    behaviour.max_requests = arguments.number("max-requests", 0);
    if (arguments.has("journal")) {
        behaviour.journal = open(arguments.text("journal", "").c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    }
    Server server(behaviour, parse_on_term(arguments.text("on-term", "graceful")));
    server.sleep(arguments.duration("delay-start", {}));
    for (const auto& address : arguments.all("listen")) {
        server.listen(parse_address(address));
    }
    server.run();
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    try {
        serve(argc, argv);
    } catch (const UsageError& error) {
        std::fprintf(stderr, "%s%s%s", error.what(), *error.what() == '\0' ? "" : "\n", usage);
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "origin: %s\n", error.what());
        return 1;
    }
    return 0;
}
