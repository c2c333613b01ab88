#include "config/load.hpp"
#include "proxy/command/commands.hpp"

#include <ostream>
#include <utility>

namespace cardea::command {

config::ExitCode run(const config::CommandLine& line, config::Files& files, const Streams& streams, const Serve& serve) {
    auto loaded = line.config_file.empty() ? config::load_config(line.config, files) : config::load_file(line.config_file, files);
    streams.err << config::report(loaded.problems) << std::flush;
    if (!loaded.config) {
        return config::ExitCode::bad_config;
    }
    return serve(std::move(*loaded.config));
}

}  // namespace cardea::command
