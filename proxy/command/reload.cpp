#include "config/json.hpp"
#include "proxy/command/admin_client.hpp"
#include "proxy/command/commands.hpp"

#include <ostream>

namespace cardea::command {

config::ExitCode reload(const config::CommandLine& line, const Streams& streams) {
    const auto answer = ask_admin(line, "POST", "/v1/config/reload");
    if (!answer) {
        streams.err << answer.error().what << "\n" << answer.error().hint << "\n" << std::flush;
        return config::ExitCode::unavailable;
    }
    const auto document = config::json::parse(answer->body);
    if (!document || !document->root()["applied"].exists()) {
        streams.err << "the admin door answered " << answer->status << ": " << answer->body << std::flush;
        return config::ExitCode::failed;
    }
    const auto report = document->root();
    if (report["applied"].as_bool().value_or(false)) {
        streams.out << "reloaded: " << report["changes"].string_or("") << "\n" << std::flush;
        return config::ExitCode::ok;
    }
    streams.err << report["error"].string_or("refused") << "\n";
    if (const auto hint = report["hint"].string_or(""); !hint.empty()) {
        streams.err << hint << "\n";
    }
    streams.err << std::flush;
    return config::ExitCode::bad_config;
}

}  // namespace cardea::command
