#include "proxy/command/commands.hpp"

#include <ostream>

namespace cardea::command {

config::ExitCode version(const Streams& streams) {
    streams.out << "cardea " CARDEA_VERSION "\n" << std::flush;
    return config::ExitCode::ok;
}

}  // namespace cardea::command
