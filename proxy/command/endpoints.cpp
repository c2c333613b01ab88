#include "config/text.hpp"
#include "proxy/command/admin_client.hpp"
#include "proxy/command/views.hpp"

#include <ostream>
#include <string>

namespace cardea::command {

config::ExitCode endpoints(const config::CommandLine& line, const Streams& streams) {
    const auto answer = ask_document(line, streams, "GET", "/v1/endpoints");
    if (!answer) {
        return answer.error();
    }
    const auto all = answer->document.root()["endpoints"];
    if (line.json && line.service.empty()) {
        streams.out << answer->text << std::flush;
    } else if (line.json) {
        streams.out << endpoints_of(all, line.service) << std::flush;
    } else {
        streams.out << endpoints_table(all, line.service) << std::flush;
    }
    return config::ExitCode::ok;
}

config::ExitCode drain(const config::CommandLine& line, const Streams& streams, bool on) {
    std::string target = "/v1/endpoints/" + config::percent_encode(line.subject) + (on ? "/drain" : "/undrain");
    if (!line.service.empty()) {
        target += "?service=" + config::percent_encode(line.service);
    }
    const auto answer = ask_document(line, streams, "POST", target);
    if (!answer) {
        return answer.error();
    }
    if (line.json) {
        streams.out << answer->text << std::flush;
        return config::ExitCode::ok;
    }
    for (const auto endpoint : answer->document.root()["endpoints"].elements()) {
        streams.out << endpoint["endpoint"].string_or("?") << " of " << endpoint["service"].string_or("?")
                    << (on ? ": no new requests until `cardea endpoints undrain`\n" : ": may get requests again\n");
    }
    streams.out << std::flush;
    return config::ExitCode::ok;
}

}  // namespace cardea::command
