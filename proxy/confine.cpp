#include "proxy/confine.hpp"

#include "config/defaults.hpp"
#include "proxy/net/port_holder.hpp"
#include "proxy/sandbox/privileges.hpp"
#include "proxy/spawn.hpp"
#include "proxy/supervisor.hpp"

#include <pwd.h>
#include <unistd.h>

#include <utility>

namespace cardea::proxy {

namespace {

std::string own_name() {
    const passwd* const entry = ::getpwuid(::geteuid());
    return entry != nullptr ? entry->pw_name : std::to_string(::geteuid());
}

/// Sockets that we shall inherit are held by somebody, as they should be.
bool inherits(config::Files& files) {
    const auto passed = activation_names(::getpid(), files);
    return files.environment(handover_variable) || !passed || !passed->empty();
}

config::Result<void> ports_are_free(const config::Config& config) {
    for (const auto& listener : config.listeners) {
        if (auto free = net::refuse_held_port(listener.address); !free) {
            return free;
        }
    }
    const auto& admin = config.admin.tcp;  // the default one may be taken: then there is none
    return config.admin.enabled && admin && *admin != config::default_admin_address() ? net::refuse_held_port(*admin)
                                                                                      : config::Result<void>{};
}

/// What is wrong with the wish of the configuration, for a process that is not root; empty: nothing.
std::string why_not_that_user(const config::Config& config) {
    const std::string& user = config.process.user;
    if (user.empty() || user == own_name() || user == std::to_string(::geteuid())) {
        return {};
    }
    return "process.user: " + user + " is not who runs this process, and only root could become somebody else";
}

config::Result<std::string> drop_privileges(const config::Config& config) {
    if (::geteuid() != 0) {
        sandbox::make_folders(config, nullptr);
        return why_not_that_user(config);
    }
    if (!config.process.user.empty() || !config.process.group.empty()) {
        const auto account = sandbox::find_account(config);
        if (!account) {
            return tl::unexpected(account.error());
        }
        sandbox::make_folders(config, &*account);
        const auto done = sandbox::become(*account);
        return done ? config::Result<std::string>{} : tl::unexpected(done.error());
    }
    sandbox::make_folders(config, nullptr);
    if (config.process.sandbox != config::Sandbox::off && sandbox::why_never().empty()) {
        sandbox::keep_two_capabilities();
    }
    return std::string{};
}

}  // namespace

config::Result<Confined> confine(const ServerOptions& options, config::Files& files) {
    const std::string program = path_of_program(options.arguments.empty() ? "" : options.arguments.front());
    if (!inherits(files)) {
        if (auto free = ports_are_free(options.config); !free) {
            return tl::unexpected(free.error());
        }
    }
    auto warning = drop_privileges(options.config);
    if (!warning) {
        return tl::unexpected(warning.error());
    }
    std::string user = own_name();
    auto launcher = Launcher::beside_us(program, options.arguments);
    if (!launcher) {
        return tl::unexpected(launcher.error());
    }
    auto sandbox = sandbox::Sandbox::enter(options.config, options.read);
    if (!sandbox) {
        return tl::unexpected(sandbox.error());
    }
    return Confined{std::move(*launcher), std::move(*sandbox), std::move(user), std::move(*warning)};
}

}  // namespace cardea::proxy
