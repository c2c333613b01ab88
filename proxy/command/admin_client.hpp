#pragma once
// Asks the running instance over its admin door. Main thread; blocks for at most ten seconds a place.

#include "config/command_line.hpp"
#include "config/json.hpp"
#include "config/result.hpp"
#include "proxy/command/commands.hpp"

#include <functional>
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

/// As ask_admin(), for an answer of JSON: what went wrong is told to `err` and becomes the exit code, also when the status is
/// not 200. The body is kept beside the document.
struct AdminDocument {
    std::string text{};
    config::json::Document document;
};
[[nodiscard]] tl::expected<AdminDocument, config::ExitCode> ask_document(const config::CommandLine& line, const Streams& streams,
                                                                         std::string_view method, const std::string& target);

/// Takes bytes of an answer without end.
using TakeBytes = std::function<void(std::string_view bytes)>;
/// Stays until the stream ends; an error when it could not begin. `headers`: further fields of the request.
[[nodiscard]] config::Result<void> follow_admin(const config::CommandLine& line, const std::string& target,
                                                const std::vector<std::pair<std::string, std::string>>& headers, const TakeBytes& take);

}  // namespace cardea::command
