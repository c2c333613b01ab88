#pragma once
// What the command line says, as plain values. Parsing touches nothing but the Files it is given. Called once at start.

#include "config/config.hpp"
#include "config/defaults.hpp"
#include "config/files.hpp"

#include <optional>
#include <span>
#include <string>

namespace cardea::config {

/// Exit codes of the program (sysexits.h where it has a word for it).
enum class ExitCode : int {
    ok = 0,
    failed = 1,        ///< could not start or the command did not succeed
    forced = 2,        ///< stopped by a second signal before the drain had ended
    usage = 64,        ///< the command line is wrong
    unavailable = 69,  ///< no running instance answers
    bad_config = 78,   ///< the configuration is wrong
};

struct CommandLine {
    enum class Command { run, validate, version, reload, status, endpoints, drain, undrain, events, history, healthcheck, help };
    Command command{Command::help};
    std::string config_file{};       ///< run, validate: the file given with -c; empty: `config` below is the configuration
    Config config{};                 ///< run without a file: built from --listen, --consul, --docker and --service
    std::optional<Address> admin{};  ///< commands that ask a running instance: where to ask; unset: the unix socket, then 127.0.0.1:8001
    std::string admin_socket{};      ///< the default unix socket, for when `admin` is unset
    bool json{false};                ///< status, endpoints, events, history: -o json
    bool follow{false};              ///< events: until interrupted
    std::string service{};           ///< events, endpoints: only this one; history: whose
    std::string subject{};           ///< endpoints drain, undrain: which endpoint
    std::string moment{};            ///< events --since, history --at: as written; empty without
    std::string text{};              ///< help: what to print
};

/// `arguments` without the program's name. An error is a usage error: print `what`, then `hint`, exit with 64.
Result<CommandLine> parse_command_line(std::span<const std::string> arguments, Files& files);

}  // namespace cardea::config
