#pragma once
// The subcommands: each does one thing, prints to the streams it is given and answers the program's exit code.
// Results go to `out`, everything else to `err`. Main thread, before any other exists.

#include "config/command_line.hpp"
#include "config/config.hpp"
#include "config/files.hpp"

#include <functional>
#include <iosfwd>

namespace cardea::command {

struct Streams {
    std::ostream& out;
    std::ostream& err;
};

/// Serves with this configuration until it is told to stop.
using Serve = std::function<config::ExitCode(config::Config)>;

/// Loads the configuration, shows what is wrong or odd with it, then serves.
config::ExitCode run(const config::CommandLine& line, config::Files& files, const Streams& streams, const Serve& serve);
/// All problems of the file at once.
config::ExitCode validate(const config::CommandLine& line, config::Files& files, const Streams& streams);
config::ExitCode version(const Streams& streams);
/// Asks the running instance to read its configuration again; shows what changed, or why it was refused.
config::ExitCode reload(const config::CommandLine& line, const Streams& streams);
/// What the running instance knows, as tables or as JSON.
config::ExitCode status(const config::CommandLine& line, const Streams& streams);
/// The endpoints alone, of all services or of one.
config::ExitCode endpoints(const config::CommandLine& line, const Streams& streams);
/// An operator's order to one endpoint, or its end.
config::ExitCode drain(const config::CommandLine& line, const Streams& streams, bool on);
/// The journal; with --follow until interrupted, over restarts of the instance.
config::ExitCode events(const config::CommandLine& line, const Streams& streams);
/// The set of a service at a moment.
config::ExitCode history(const config::CommandLine& line, const Streams& streams);
/// 0 when the running instance is ready to serve, 1 otherwise: what a container's HEALTHCHECK wants.
config::ExitCode healthcheck(const config::CommandLine& line, const Streams& streams);

}  // namespace cardea::command
