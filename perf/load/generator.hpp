#pragma once
// Drives connections against one address: closed loop (each connection asks again as soon as it is answered) or open loop
// (a fixed rate, latency counted from the moment a request was due). Every request ends in exactly one count. One thread.

#include "perf/load/histogram.hpp"
#include "perf/load/response_reader.hpp"
#include "perf/load/sockets.hpp"

#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::load {

struct Plan {
    SocketAddress target{};
    std::size_t connections{64};
    std::uint64_t requests{std::numeric_limits<std::uint64_t>::max()};  ///< without the warm-up
    std::uint64_t warmup{0};                                            ///< requests that are not counted
    Clock::duration duration{};                                         ///< 0 = until `requests` are done
    Clock::duration timeout{std::chrono::seconds(10)};
    double rate{0};  ///< requests a second; 0 = closed loop
    std::string method{"GET"};
    std::vector<std::string> paths{"/"};  ///< taken in turn; `{n}` becomes the number of the request
    std::string fields{};                 ///< header lines, each with its line end
    std::string body{};
    std::uint64_t close_after{0};           ///< requests a connection carries; 0 = no limit
    std::optional<std::uint64_t> expect{};  ///< bytes of the body of every answer; another length is a failure
    bool tally{false};                      ///< count the answers' first lines
    std::vector<int> processes{};           ///< whose CPU time is charged to the counted requests
};

struct Report {
    std::uint64_t answered{0};                      ///< complete responses with a status below 500
    std::map<std::string, std::uint64_t> failed{};  ///< connect, closed, malformed, timeout, length, or a status from 500
    std::uint64_t repeated{0};                      ///< GETs asked again since a reused connection was closed, as browsers do
    std::uint64_t reconnects{0}, bytes{0};
    std::map<int, std::uint64_t> statuses{};
    std::map<std::string, std::uint64_t> names{};
    Histogram latency{};
    double seconds{0}, cpu_seconds{0};
};

class Generator final {
public:
    explicit Generator(const Plan& plan);
    ~Generator();
    Generator(const Generator&) = delete;
    Generator& operator=(const Generator&) = delete;

    Report run();

private:
    struct Client {
        int socket{-1};
        enum class State { unconnected, connecting, idle, busy } state{State::unconnected};
        bool asking{false};  ///< a request is assigned
        bool repeated{false};
        std::uint64_t carried{0};  ///< requests on this connection
        Clock::time_point due{}, sent_at{}, not_before{};
        std::string own{};       ///< the request, when it is unlike the others
        std::string_view out{};  ///< the request
        std::size_t out_sent{0};
        ResponseReader reader{};
    };

    [[nodiscard]] std::string request(const std::string& path) const;
    void issue(Clock::time_point now);
    void assign(Client& client, Clock::time_point due, Clock::time_point now);
    void connect(Client& client, Clock::time_point now);
    void send(Client& client, Clock::time_point now);
    void on_event(Client& client, std::uint32_t events);
    void receive(Client& client);
    void lost(Client& client, const char* why);
    void finish(Client& client, const std::string& failure);
    void count(const Client& client, const std::string& failure, Clock::time_point now);
    void disconnect(Client& client);
    void expire(Clock::time_point now);
    void measured_from_here(Clock::time_point now);
    [[nodiscard]] Clock::duration patience(Clock::time_point now) const;
    [[nodiscard]] bool may_issue(Clock::time_point now) const;

    const Plan& plan_;
    Report report_{};
    int epoll_;
    std::vector<Client> clients_;
    std::deque<Client*> waiting_;  ///< clients without a request
    std::uint64_t issued_{0}, done_{0}, limit_;
    std::vector<std::string> requests_{};  ///< one a path, as they are sent; empty for a path with a number in it
    Clock::time_point began_{}, counted_from_{}, last_{}, ends_{}, expire_at_{};
    double cpu_before_{0};
    std::vector<char> buffer_;
};

}  // namespace cardea::load
