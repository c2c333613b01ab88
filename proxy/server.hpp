#pragma once
// The process: names every part, wires them together and lives from the first listener to the last byte. main's only call.

#include "config/command_line.hpp"
#include "config/config.hpp"
#include "config/files.hpp"

#include <string>

namespace cardea::proxy {

struct ServerOptions {
    config::Config config{};
    std::string config_file{};        ///< empty: `config` came from the command line, there is nothing to reload
};

/// Serves until TERM, INT or QUIT and the last exchange or `graceful_timeout`; a second such signal ends it at once.
/// HUP reloads, USR1 reopens the access log. Standard error gets the log; on a terminal a start-up block in plain words.
[[nodiscard]] config::ExitCode serve(ServerOptions options, config::Files& files);

}  // namespace cardea::proxy
