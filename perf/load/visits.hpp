#pragma once
// Requests at fixed rates over kept connections, each with a key of its own, each answer checked against what was asked, each
// end written down as exactly one outcome. A GET on a reused connection that closed before any answer is asked once more, as
// browsers do. One thread; sockets belong to the caller's epoll set.

#include "perf/load/diary.hpp"
#include "perf/load/response_reader.hpp"
#include "perf/load/sockets.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::load {

/// One stream of equal requests.
struct Visit {
    std::string method{};
    double rate{0};  ///< a second
    std::size_t body{0};
};

struct VisitPlan {
    SocketAddress target{};
    std::size_t connections{40};
    std::vector<Visit> visits{};
    std::string prefix{};     ///< of keys: `PREFIX-g123`
    std::string fields{};     ///< header lines, each with its line end
    std::uint64_t answer{0};  ///< bytes of filler after an answer's line
    Clock::duration timeout{std::chrono::seconds(10)};
};

class Visits final {
public:
    Visits(const VisitPlan& plan, int epoll, Diary& diary);
    ~Visits();
    Visits(const Visits&) = delete;
    Visits& operator=(const Visits&) = delete;

    void tick(Clock::time_point now);     ///< issues what is due, ends what waits too long; at least every few milliseconds
    void finish() { finishing_ = true; }  ///< nothing new
    [[nodiscard]] bool idle() const { return waiting_.size() == clients_.size(); }
    [[nodiscard]] Clock::time_point due() const;  ///< of the next request; max() when there is none to come

private:
    struct Client final : Watched {
        void on_event(std::uint32_t events) override { home->on_event(*this, events); }
        Visits* home{};
        int socket{-1};
        enum class State { unconnected, connecting, idle, busy } state{State::unconnected};
        bool asking{false}, repeated{false};
        std::uint64_t carried{0};  ///< requests on this connection
        Clock::time_point due{}, asked_at{}, not_before{};
        const Visit* visit{};
        std::string key{}, expected{}, out{};  ///< `expected`: the answer's line after the origin's name
        std::size_t out_sent{0};
        ResponseReader reader{};
    };
    struct Schedule {
        std::uint64_t issued{0};
        Clock::time_point next{};
    };

    void ask(Client& client, std::size_t visit, Clock::time_point due, Clock::time_point now);
    void connect(Client& client);
    void send(Client& client);
    void on_event(Client& client, std::uint32_t events);
    void receive(Client& client);
    void lost(Client& client, int error);
    void end(Client& client, std::string_view outcome);
    void disconnect(Client& client, std::string_view how);
    [[nodiscard]] std::string_view verdict(const Client& client) const;
    [[nodiscard]] std::size_t next_due() const;

    const VisitPlan& plan_;
    int epoll_;
    Diary& diary_;
    std::deque<Client> clients_{};
    std::deque<Client*> waiting_{};  ///< without a request
    std::vector<Schedule> schedules_{};
    bool finishing_{false};
    std::vector<char> buffer_;
};

}  // namespace cardea::load
