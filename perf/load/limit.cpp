// limit: what a proxy cannot undercut while bytes pass through a process of one thread. Relays TCP without looking at it: each
// client gets a connection to one of the targets, in turn, for its whole life. Edge-triggered, 64 KiB read at a time.

#include "perf/load/arguments.hpp"
#include "perf/load/sockets.hpp"

#include <sys/epoll.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <unordered_map>

namespace {

using namespace cardea::load;

constexpr auto usage = R"(usage: limit --listen ADDRESS:PORT [--buffer BYTES] TARGET:PORT...
  relays each connection to one of the targets, in turn, in pieces of --buffer (65536)
)";

struct Pair;

/// One of the two sockets of a connection that is relayed.
struct Side {
    int socket{-1};
    Side* other{nullptr};
    Pair* pair{nullptr};
    std::string waiting{};  ///< read from the other side and not yet taken by this socket; while there is any, the other is not read
    std::size_t taken{0};   ///< of `waiting`
};

struct Pair {
    std::array<Side, 2> sides{};
    bool ended{false};
};

class Relay final {
public:
    Relay(const SocketAddress& listen, std::vector<SocketAddress> targets, std::size_t buffer)
        : targets_(std::move(targets)), epoll_(epoll_create1(EPOLL_CLOEXEC)), listener_(listen_on(listen)), buffer_(buffer) {
        watch(listener_, nullptr, EPOLLIN);
        std::printf("listening %s\n", to_string(local_address(listener_)).c_str());
        std::fflush(stdout);
    }

    [[noreturn]] void run() {
        std::array<epoll_event, 256> events;
        for (;;) {
            const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
            for (int i = 0; i < count; ++i) {
                const auto& event = events[static_cast<std::size_t>(i)];
                if (event.data.ptr == nullptr) {
                    accept_all();
                } else {
                    on_event(*static_cast<Side*>(event.data.ptr), event.events);
                }
            }
            for (auto* const pair : ended_) {  // now that no event of this batch means them any more
                pairs_.erase(pair);
            }
            ended_.clear();
        }
    }

private:
    void watch(int socket, Side* side, std::uint32_t events) const {
        epoll_event event{};
        event.events = events;
        event.data.ptr = side;
        epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
    }

    void accept_all() {
        int socket = -1;
        while ((socket = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
            const int upstream = start_connect(targets_[next_++ % targets_.size()]);
            if (upstream < 0) {
                close(socket);
                continue;
            }
            no_delay(socket);
            auto pair = std::make_unique<Pair>();
            auto& [client, server] = pair->sides;
            client = {socket, &server, pair.get()};
            server = {upstream, &client, pair.get()};
            for (auto& side : pair->sides) {
                watch(side.socket, &side, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
            }
            pairs_.emplace(pair.get(), std::move(pair));
        }
    }

    void on_event(Side& side, std::uint32_t events) {
        if ((events & EPOLLOUT) != 0 && !side.waiting.empty() && hand_over(side)) {
            pump(*side.other);
        }
        if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
            pump(side);
        }
    }

    // From `side` to the other until there is nothing more or the other takes no more.
    void pump(Side& side) {
        auto& to = *side.other;
        while (!side.pair->ended && to.waiting.empty()) {
            const auto count = recv(side.socket, buffer_.data(), buffer_.size(), 0);
            if (count <= 0) {
                if (count == 0 || errno != EAGAIN) {
                    end(*side.pair);
                }
                return;
            }
            const auto size = static_cast<std::size_t>(count);
            const auto sent = send(to.socket, buffer_.data(), size, MSG_NOSIGNAL);
            if (sent < 0 && errno != EAGAIN) {
                end(*side.pair);
                return;
            }
            const auto passed = sent < 0 ? 0 : static_cast<std::size_t>(sent);
            if (passed < size) {
                to.waiting.assign(buffer_.data() + passed, size - passed);
                to.taken = 0;
            }
            if (size < buffer_.size()) {
                return;  // a short read means the socket is empty, and there will be an event when it is not
            }
        }
    }

    // What waits for the side; true when all of it is gone.
    bool hand_over(Side& side) {
        while (side.taken < side.waiting.size()) {
            const auto sent = send(side.socket, side.waiting.data() + side.taken, side.waiting.size() - side.taken, MSG_NOSIGNAL);
            if (sent < 0) {
                if (errno != EAGAIN) {
                    end(*side.pair);
                }
                return false;
            }
            side.taken += static_cast<std::size_t>(sent);
        }
        side.waiting.clear();
        return true;
    }

    void end(Pair& pair) {
        if (!pair.ended) {
            pair.ended = true;
            close(pair.sides[0].socket);
            close(pair.sides[1].socket);
            ended_.push_back(&pair);
        }
    }

    std::vector<SocketAddress> targets_;
    int epoll_, listener_;
    std::vector<char> buffer_;
    std::size_t next_{0};
    std::unordered_map<Pair*, std::unique_ptr<Pair>> pairs_{};
    std::vector<Pair*> ended_{};
};

}  // namespace

int main(int argc, char** argv) {
    try {
        const Arguments arguments(argc, argv, {"listen", "buffer"}, {"help"});
        if (arguments.has("help") || !arguments.has("listen") || arguments.words().empty()) {
            throw UsageError("");
        }
        std::vector<SocketAddress> targets;
        for (const auto& word : arguments.words()) {
            targets.push_back(parse_address(word));
        }
        Relay(parse_address(arguments.text("listen", "")), targets, arguments.number("buffer", 65536)).run();
    } catch (const UsageError& error) {
        std::fprintf(stderr, "%s%s%s", error.what(), *error.what() == '\0' ? "" : "\n", usage);
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "limit: %s\n", error.what());
        return 1;
    }
}
