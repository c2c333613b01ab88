#include "config/diff.hpp"
#include "proxy/control/engine.hpp"
#include "proxy/net/tls_context.hpp"

#include <utility>

namespace cardea::control {

namespace {

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

}  // namespace

config::Result<std::string> Control::Engine::reload(config::Config next) {
    if (auto checked = check_tls(next); !checked) {
        return tl::unexpected(std::move(checked.error()));
    }
    if (auto opened = given_.doors->prepare(next); !opened) {
        return tl::unexpected(std::move(opened.error()));
    }
    std::string report = config::to_string(config::diff(config_, next));
    take_config(std::move(next));
    if (const auto remark = given_.doors->commit(); !remark.empty()) {
        report += "; " + remark;
    }
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
