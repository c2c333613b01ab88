#include "proxy/command/admin_client.hpp"
#include "proxy/command/commands.hpp"

#include <ostream>

namespace cardea::command {

config::ExitCode healthcheck(const config::CommandLine& line, const Streams& streams) {
    const auto answer = ask_admin(line, "GET", "/readyz");
    if (!answer) {
        streams.err << answer.error().what << "\n" << std::flush;
        return config::ExitCode::failed;
    }
    streams.out << answer->body << std::flush;
    return answer->status == 200 ? config::ExitCode::ok : config::ExitCode::failed;
}

}  // namespace cardea::command
