#pragma once
// The first thing a server does: gives away what it may do and does not need. Before any other thread exists.

#include "proxy/launcher.hpp"
#include "proxy/sandbox/sandbox.hpp"
#include "proxy/server.hpp"

#include <string>

namespace cardea::proxy {

struct Confined {
    Launcher launcher;
    sandbox::Sandbox sandbox{};
    std::string user{};     ///< who we are now: a name, or a number
    std::string warning{};  ///< empty: all as configured
};

/// In this order: asks who holds the ports to listen on, which later could not be told; makes missing folders; becomes
/// `process.user`; makes the launcher; enters the sandbox. Fails where the configuration demands what is not to be had.
[[nodiscard]] config::Result<Confined> confine(const ServerOptions& options, config::Files& files);

}  // namespace cardea::proxy
