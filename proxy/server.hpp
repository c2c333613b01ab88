#pragma once
// The process: names every part, wires them together and lives from the first listener to the last byte. main's only call.

#include "config/command_line.hpp"
#include "config/config.hpp"
#include "config/files.hpp"

#include <set>
#include <string>
#include <vector>

namespace cardea::proxy {

struct ServerOptions {
    config::Config config{};
    std::string config_file{};             ///< empty: `config` came from the command line, there is nothing to reload
    std::set<std::string> read{};          ///< the files that were read while `config` was loaded
    std::vector<std::string> arguments{};  ///< of the process, its name first: what an upgrade starts again
};

/// Serves until TERM, INT or QUIT and the last exchange or `graceful_timeout`; a second such signal ends it at once.
/// HUP reloads, USR1 reopens the access log, USR2 hands over to a new process of the program that lies on the disk now. Standard error gets
/// the log; on a terminal a start-up block in plain words.
[[nodiscard]] config::ExitCode serve(ServerOptions options, config::Files& files);

}  // namespace cardea::proxy
