#include "config/command_line.hpp"
#include "proxy/command/commands.hpp"
#include "proxy/machine.hpp"
#include "proxy/server.hpp"

#include <iostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using cardea::config::CommandLine;
using cardea::config::ExitCode;

ExitCode dispatch(const CommandLine& line, const std::vector<std::string>& words, cardea::config::Files& files) {
    namespace command = cardea::command;
    const command::Streams streams{std::cout, std::cerr};
    switch (line.command) {
        case CommandLine::Command::run: {
            cardea::proxy::NotedFiles noted(files);
            return command::run(line, noted, streams, [&](cardea::config::Config config) {
                cardea::proxy::ServerOptions options;
                options.config = std::move(config);
                options.config_file = line.config_file;
                options.read = noted.paths();
                options.arguments = words;
                return cardea::proxy::serve(std::move(options), files);
            });
        }
        case CommandLine::Command::validate:
            return command::validate(line, files, streams);
        case CommandLine::Command::version:
            return command::version(streams);
        case CommandLine::Command::reload:
            return command::reload(line, streams);
        case CommandLine::Command::status:
            return command::status(line, streams);
        case CommandLine::Command::endpoints:
            return command::endpoints(line, streams);
        case CommandLine::Command::drain:
            return command::drain(line, streams, true);
        case CommandLine::Command::undrain:
            return command::drain(line, streams, false);
        case CommandLine::Command::events:
            return command::events(line, streams);
        case CommandLine::Command::history:
            return command::history(line, streams);
        case CommandLine::Command::healthcheck:
            return command::healthcheck(line, streams);
        case CommandLine::Command::help:
            streams.out << line.text << std::flush;
            return ExitCode::ok;
    }
    return ExitCode::usage;
}

}  // namespace

int main(int count, char** values) {
    const std::vector<std::string> words(values, values + count);
    const std::span<const std::string> arguments = std::span(words).subspan(words.empty() ? 0 : 1);
    cardea::proxy::DiskFiles files;
    const auto line = cardea::config::parse_command_line(arguments, files);
    if (!line) {
        std::cerr << "cardea: " << line.error().what << "\n" << line.error().hint << (line.error().hint.empty() ? "" : "\n") << std::flush;
        return static_cast<int>(ExitCode::usage);
    }
    return static_cast<int>(dispatch(*line, words, files));
}
