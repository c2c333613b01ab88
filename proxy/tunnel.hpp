#pragma once
// Bytes both ways after 101 (Switching Protocols), until both sides have ended, one is lost, or nothing moved for the idle
// time. A half close is passed on. One worker.

#include "proxy/connection.hpp"
#include "proxy/upstream/connection.hpp"

namespace cardea::proxy {

class Tunnel {
public:
    /// `held`: memory that the exchange keeps for itself all the while.
    Tunnel(Connection& client, net::Outlet& to_client, upstream::Connection& up, net::Inlet& from_upstream, net::Outlet& to_upstream,
           config::Duration idle, std::size_t held);
    /// `aborted` is looked at after every wake-up.
    [[nodiscard]] net::Task<void> run(const bool& aborted);
    [[nodiscard]] std::uint64_t bytes_to_client() const { return down_.bytes; }

private:
    struct Direction {
        net::Stream& from;
        net::Inlet& in;
        net::Stream& to;
        net::Outlet& out;
        std::uint64_t bytes{0};
        bool ended{false};  ///< the sender has ended and everything was handed on
    };
    [[nodiscard]] std::size_t read_limit(const Direction& direction) const;
    void pump(Direction& direction);
    Connection& client_;
    WorkerState& worker_;
    Direction up_, down_;
    config::Duration idle_;
    std::size_t held_;
    config::TimePoint moved_;
    bool lost_{false};
    bool more_now_{false};
};

}  // namespace cardea::proxy
