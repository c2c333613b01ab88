#pragma once
// Asks the running instance over its admin door. Main thread; blocks for at most ten seconds a place.

#include "config/command_line.hpp"
#include "config/result.hpp"

#include <string>
#include <string_view>

namespace cardea::command {

struct AdminAnswer {
    int status{0};
    std::string body{};
};

/// The first of the places that answers: what the command line names, else the unix socket, then loopback.
/// An error means that nobody answers anywhere and lists what was tried.
[[nodiscard]] config::Result<AdminAnswer> ask_admin(const config::CommandLine& line, std::string_view method, std::string_view target);

}  // namespace cardea::command
