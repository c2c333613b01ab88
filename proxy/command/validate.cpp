#include "config/load.hpp"
#include "proxy/command/commands.hpp"

#include <ostream>

namespace cardea::command {

config::ExitCode validate(const config::CommandLine& line, config::Files& files, const Streams& streams) {
    const auto loaded = config::load_file(line.config_file, files);
    streams.err << config::report(loaded.problems) << std::flush;
    if (!loaded.config) {
        return config::ExitCode::bad_config;
    }
    streams.out << line.config_file << " is good: listeners " << loaded.config->listeners.size() << ", services "
                << loaded.config->services.size() << ", routes " << loaded.config->routes.size() << "\n"
                << std::flush;
    return config::ExitCode::ok;
}

}  // namespace cardea::command
