#include "config/command_line.hpp"

#include "config/endpoint_text.hpp"
#include "config/load.hpp"
#include "config/text.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace cardea::config {

namespace {

/// What was written, before it means anything.
struct Written {
    std::string file{}, service{}, admin{}, output{"table"};
    std::vector<std::string> listen{}, consul{}, docker{};
    std::string endpoint{}, since{}, at{};
    bool show_version{false}, json{false}, follow{false};
};

tl::unexpected<Error> usage(std::string what, const std::string& command = {}) {
    return failure(std::move(what), {}, "see `cardea " + (command.empty() ? "" : command + " ") + "--help`");
}

/// What operators do to endpoints and read of their past.
std::vector<CLI::App*> add_journal_commands(CLI::App& app, Written& written) {
    constexpr const char* moments = "2026-11-22T20:00:00Z, 20:00:05 (UTC), @SECONDS, or how long ago: 10m";
    auto* endpoints = app.add_subcommand("endpoints", "list the endpoints, drain one, take that back");
    endpoints->require_subcommand(0, 1);
    auto* list = endpoints->add_subcommand("list", "every endpoint with its state (the default)");
    auto* drain = endpoints->add_subcommand("drain", "no new request to an endpoint; those in flight finish within its drain time");
    auto* undrain = endpoints->add_subcommand("undrain", "requests to it again");
    for (auto* order : {drain, undrain}) {
        order->add_option("ENDPOINT", written.endpoint, "its id, one of its addresses, or its container's id")->required();
    }
    auto* events = app.add_subcommand("events", "what changed, when, who said so, why, and with what effect");
    events->add_flag("-f,--follow", written.follow, "go on with what happens from now on");
    events->add_option("--since", written.since, moments)->type_name("TIME");
    for (auto* one : {endpoints, list, drain, undrain, events}) {
        one->add_option("--service", written.service, "only this service")->type_name("NAME");
    }
    auto* history = app.add_subcommand("history", "the endpoints of a service as they were at a moment");
    history->add_option("SERVICE", written.service, "its name")->required();
    history->add_option("--at", written.at, moments)->type_name("TIME");
    return {endpoints, list, drain, undrain, events, history};
}

void add_commands(CLI::App& app, Written& written) {
    app.require_subcommand(0, 1);
    app.add_flag("-v,--version", written.show_version, "print the version");
    app.footer("Exit codes: 0 done, 1 failed, 2 forced to stop, 64 wrong usage, 69 no running instance, 78 wrong configuration");

    auto* run = app.add_subcommand("run", "serve: from a file, or from what Consul or Docker know");
    run->add_option("-c,--config", written.file, "configuration file")->type_name("FILE");
    run->add_option("--listen", written.listen, "address to listen on, :8000 unless given; may be repeated")
        ->type_name("ADDR")
        ->expected(1)
        ->take_all();
    run->add_option("--consul", written.consul, "Consul agent, HOST:PORT; repeated: tried in turn")
        ->type_name("ADDR")
        ->expected(1)
        ->take_all();
    run->add_option("--docker", written.docker, "Docker engine, unix:///var/run/docker.sock unless given; may be repeated")
        ->type_name("[ENDPOINT]")
        ->expected(0, 1)
        ->take_all();
    run->add_option("--service", written.service, "the service that gets every request")->type_name("NAME");
    auto* validate = app.add_subcommand("validate", "check a configuration file, name every fault, change nothing");
    validate->add_option("-c,--config", written.file, "configuration file")->type_name("FILE")->required();
    app.add_subcommand("version", "print the version");

    auto* reload = app.add_subcommand("reload", "make the running instance read its configuration again");
    auto* status = app.add_subcommand("status", "what the running instance serves and why");
    auto* healthcheck = app.add_subcommand("healthcheck", "exit 0 when the running instance is ready");
    std::vector<CLI::App*> readers = add_journal_commands(app, written);
    readers.push_back(status);
    for (auto* reader : readers) {
        reader->add_option("-o,--output", written.output, "table or json")->type_name("FORMAT");
        reader->add_flag("--json", written.json, "the same as -o json");
    }
    for (auto* client : {reload, healthcheck}) {
        readers.push_back(client);
    }
    for (auto* client : readers) {
        client->add_option("--admin", written.admin, "admin of the instance: HOST:PORT or unix:/path")->type_name("ADDR");
    }
}

Result<void> add_listeners(const Written& written, Config& config) {
    for (const auto& text : written.listen) {
        auto address = parse_listen_address(text);
        if (!address) {
            return usage("--listen: " + address.error().what, "run");
        }
        auto listener = default_listener();
        listener.name = config.listeners.empty() ? "web" : "web-" + std::to_string(config.listeners.size() + 1);
        listener.address = std::move(*address);
        config.listeners.push_back(std::move(listener));
    }
    if (config.listeners.empty()) {
        config.listeners.push_back(default_listener());
    }
    return {};
}

Result<void> add_sources(const Written& written, Discovery& discovery) {
    for (const auto& text : written.consul) {
        const auto agent = parse_agent_address(text);
        if (!agent) {
            return usage("--consul: " + agent.error().what + "; " + agent.error().hint, "run");
        }
        if (discovery.consul.empty()) {
            discovery.consul.emplace_back();
        }
        discovery.consul.front().addresses.push_back(agent->address);
        discovery.consul.front().tls.enabled = discovery.consul.front().tls.enabled || agent->tls;
    }
    for (const auto& text : written.docker) {
        const auto engine =
            text.empty() ? Result<AgentAddress>{AgentAddress{default_docker_endpoint(), false}} : parse_engine_address(text);
        if (!engine) {
            return usage("--docker: " + engine.error().what + "; " + engine.error().hint, "run");
        }
        DockerSource source;
        source.name = discovery.docker.empty() ? "docker" : "docker-" + std::to_string(discovery.docker.size() + 1);
        source.endpoint = engine->address;
        source.tls.enabled = engine->tls;
        discovery.docker.push_back(std::move(source));
    }
    return {};
}

/// A configuration out of flags alone.
Result<Config> build_config(const Written& written, Files& files) {
    Config config;
    config.admin = default_admin(files);
    if (auto listeners = add_listeners(written, config); !listeners) {
        return tl::unexpected<Error>(listeners.error());
    }
    if (auto sources = add_sources(written, config.discovery); !sources) {
        return tl::unexpected<Error>(sources.error());
    }
    if (!written.service.empty()) {
        Route route{.name = written.service};
        route.action = ToService{written.service};
        config.routes.push_back(std::move(route));
    }
    auto loaded = load_config(std::move(config), files);
    if (!loaded.config) {
        const auto& first = *std::find_if(loaded.problems.begin(), loaded.problems.end(),
                                          [](const Problem& p) { return p.severity == Problem::Severity::error; });
        return usage(first.what, "run");
    }
    return std::move(*loaded.config);
}

Result<CommandLine> run_command(const Written& written, Files& files) {
    CommandLine out{.command = CommandLine::Command::run, .config_file = written.file};
    const bool flags = !written.listen.empty() || !written.consul.empty() || !written.docker.empty() || !written.service.empty();
    if (!written.file.empty()) {
        return flags ? Result<CommandLine>{usage("-c FILE says everything: --listen, --consul, --docker and --service do not go with it",
                                                 "run")}
                     : out;
    }
    if (written.consul.empty() && written.docker.empty()) {
        return usage("nothing says where endpoints are: give -c FILE, --consul ADDR or --docker", "run");
    }
    auto config = build_config(written, files);
    if (!config) {
        return tl::unexpected<Error>(config.error());
    }
    out.config = std::move(*config);
    return out;
}

Result<CommandLine> client_command(CommandLine::Command command, const std::string& name, const Written& written, Files& files) {
    CommandLine out{.command = command, .admin_socket = default_admin_socket(files)};
    if (!written.admin.empty()) {
        auto address = parse_address(written.admin);
        if (!address) {
            return usage("--admin: " + address.error().what, name);
        }
        out.admin = std::move(*address);
    }
    if (written.output != "table" && written.output != "json") {
        return usage("-o: `" + printable(written.output) + "` is not a format, expected table or json", name);
    }
    out.json = written.json || written.output == "json";
    out.follow = written.follow;
    out.service = written.service;
    out.subject = written.endpoint;
    out.moment = written.since + written.at;  // no command has both
    return out;
}

Result<CommandLine> choose_command(const CLI::App& app, const Written& written, Files& files) {
    using Command = CommandLine::Command;
    const auto chosen = app.get_subcommands();
    const std::string name = chosen.empty() ? "" : chosen.front()->get_name();
    if (written.show_version || name == "version") {
        return CommandLine{.command = Command::version};
    }
    if (name == "run") {
        return run_command(written, files);
    }
    if (name == "validate") {
        return CommandLine{.command = Command::validate, .config_file = written.file};
    }
    if (name == "reload") {
        return client_command(Command::reload, name, written, files);
    }
    if (name == "status") {
        return client_command(Command::status, name, written, files);
    }
    if (name == "healthcheck") {
        return client_command(Command::healthcheck, name, written, files);
    }
    if (name == "endpoints") {
        const auto verbs = chosen.front()->get_subcommands();
        const std::string verb = verbs.empty() ? "list" : verbs.front()->get_name();
        return client_command(verb == "list"    ? Command::endpoints
                              : verb == "drain" ? Command::drain
                                                : Command::undrain,
                              "endpoints " + verb, written, files);
    }
    if (name == "events") {
        return client_command(Command::events, name, written, files);
    }
    if (name == "history") {
        return client_command(Command::history, name, written, files);
    }
    return usage("a command is missing: run, validate, version, reload, status, endpoints, events, history or healthcheck");
}

}  // namespace

Result<CommandLine> parse_command_line(std::span<const std::string> arguments, Files& files) {
    try {
        Written written;
        CLI::App app{"Cardea: the front door that follows Consul and Docker by itself", "cardea"};
        add_commands(app, written);
        std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as the library wants them
        try {
            app.parse(reversed);
        } catch (const CLI::CallForHelp&) {
            return CommandLine{.command = CommandLine::Command::help, .text = app.help()};
        } catch (const CLI::ParseError& error) {
            const auto chosen = app.get_subcommands();
            return usage(error.what(), chosen.empty() ? "" : chosen.front()->get_name());
        }
        return choose_command(app, written, files);
    } catch (const std::exception& error) {
        return usage(std::string("the command line cannot be read: ") + error.what());
    }
}

}  // namespace cardea::config
