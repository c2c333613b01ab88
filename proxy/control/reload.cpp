#include "config/diff.hpp"
#include "proxy/control/engine.hpp"
#include "proxy/net/listen_socket.hpp"
#include "proxy/net/tls_context.hpp"

#include <unistd.h>
#include <algorithm>
#include <utility>

namespace cardea::control {

namespace {

const config::Listener* listener_named(const config::Config& config, const std::string& name) {
    const auto found =
        std::find_if(config.listeners.begin(), config.listeners.end(), [&name](const config::Listener& one) { return one.name == name; });
    return found == config.listeners.end() ? nullptr : &*found;
}

/// Files that a source needs at once: wrong ones refuse the reload instead of losing the source.
config::Result<void> check_tls(const config::Config& next) {
    const auto check = [](const std::string& source, const config::TlsClient& tls) -> config::Result<void> {
        if (!tls.enabled) {
            return {};
        }
        const auto made = net::TlsClientContext::make(tls);
        return made ? config::Result<void>{} : config::failure(made.error().what, source);
    };
    for (const auto& consul : next.discovery.consul) {
        if (auto checked = check("discovery.consul." + consul.name, consul.tls); !checked) {
            return checked;
        }
    }
    for (const auto& docker : next.discovery.docker) {
        if (auto checked = check("discovery.docker." + docker.name, docker.tls); !checked) {
            return checked;
        }
    }
    return {};
}

void close_all(const std::vector<std::pair<config::Listener, std::vector<int>>>& opened) {
    for (const auto& [listener, descriptors] : opened) {
        std::for_each(descriptors.begin(), descriptors.end(), ::close);
    }
}

}  // namespace

config::Result<Control::Engine::Opened> Control::Engine::open_listeners(const config::Config& next, bool all) {
    Opened opened;
    for (const auto& listener : next.listeners) {
        const auto* const former = listener_named(config_, listener.name);
        if (!all && former != nullptr && former->address == listener.address) {
            continue;
        }
        const auto descriptors = given_.open_listener(listener);
        if (!descriptors) {
            close_all(opened);
            return tl::make_unexpected(descriptors.error());
        }
        opened.emplace_back(listener, *descriptors);
    }
    return opened;
}

void Control::Engine::hand_out(Opened opened) {
    for (const auto& [listener, descriptors] : opened) {
        bound_[listener.name] = net::local_address(descriptors.front()).value_or(listener.address);
        for (std::size_t i = 0; i < workers_.size() && i < descriptors.size(); ++i) {
            workers_[i]->listen(listener.name, descriptors[i]);
        }
    }
}

config::Result<std::string> Control::Engine::reload(config::Config next) {
    if (auto checked = check_tls(next); !checked) {
        return tl::unexpected(std::move(checked.error()));
    }
    auto opened = open_listeners(next, false);
    if (!opened) {
        return tl::unexpected(std::move(opened.error()));
    }
    const std::string report = config::to_string(config::diff(config_, next));
    for (const auto& former : config_.listeners) {
        const auto* const still = listener_named(next, former.name);
        if (still == nullptr || still->address != former.address) {
            for (auto* const worker : workers_) {
                worker->drop_listener(former.name);
            }
        }
    }
    take_config(std::move(next));
    hand_out(std::move(*opened));  // after the snapshot that knows them
    ++numbers_.config_generation;
    ++numbers_.reloads_applied;
    numbers_.last_reload_good = true;
    note(discovery::JournalEntry::Kind::config_applied, report);
    if (given_.applied) {
        given_.applied(config_);
    }
    return report;
}

void Control::Engine::take_config(config::Config next) {
    config_ = std::move(next);
    told_by_ = {"config", "reload", {}};
    debounce_.set(config_.discovery.debounce_quiet, config_.discovery.debounce_max);
    prober_.set_limit(config_.health.max_per_second);
    apply(pipeline_.configure(config_));
    sources_.configure(config_);
    forget_state();
    Effects effects;
    for (const auto& [name, endpoints] : pipeline_.catalog()) {
        take_service(name, effects);  // settings may differ where endpoints do not
    }
    apply(std::move(effects));
    routes_dirty_ = true;
    publish();
    prober_.poke();
}

void Control::Engine::refused(const std::string& why) {
    ++numbers_.reloads_refused;
    numbers_.last_reload_good = false;
    told_by_ = {"config", why, {}};
    note(discovery::JournalEntry::Kind::config_refused);
    if (given_.log != nullptr) {
        given_.log->error("config_refused", {{"why", why}});
    }
}

}  // namespace cardea::control
