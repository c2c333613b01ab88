#pragma once
// The operators' door: HTTP on a unix socket (0600) and on loopback, on the control thread. Slow or many readers cost
// themselves: 64 connections at once, 10 s to send a request, 30 s to take an answer.

#include "config/config.hpp"
#include "proxy/admin/pages.hpp"
#include "proxy/control/loop.hpp"
#include "proxy/net/descriptor.hpp"
#include "proxy/observe/log.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cardea::admin {

class Admin {
public:
    /// The loop, the log and what `facts` refers to outlive it. `defaults`: the addresses nobody asked for.
    Admin(control::Loop& loop, observe::Log& log, Facts facts, config::Admin defaults);
    /// Before the first follow(): listening sockets to be taken instead of opening those addresses. Nobody is answered before
    /// begin() then.
    void inherit(std::vector<std::pair<config::Address, net::Descriptor>> sockets);
    void begin();
    ~Admin();
    Admin(const Admin&) = delete;
    Admin& operator=(const Admin&) = delete;

    /// Opens what `wanted` names and is not open, closes the rest; requests in flight end undisturbed. An address that
    /// cannot be had is an error, but a default one is left out with a warning.
    config::Result<void> follow(const config::Admin& wanted);
    /// Closes everything and removes the unix socket's file.
    void stop();
    /// The journal has grown: those who follow it hear of it.
    void wake();
    /// Listens no longer; the sockets and the file belong to another process now. Sessions go on.
    void hand_over();
    /// Where it listens, as wanted, and the descriptors, which stay its own.
    [[nodiscard]] std::vector<std::pair<config::Address, int>> sockets() const;
    [[nodiscard]] std::vector<std::string> addresses() const;  ///< where it listens, with the real port

private:
    class Doors;
    std::unique_ptr<Doors> doors_;
};

}  // namespace cardea::admin
