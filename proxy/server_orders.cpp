#include "proxy/machine.hpp"
#include "proxy/offer.hpp"
#include "proxy/server_parts.hpp"

#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <utility>

namespace cardea::proxy {

namespace {

using namespace std::chrono_literals;

/// How long a client that asks nothing may stay when the process stops: who is busy learns it by `Connection: close`.
constexpr config::Duration idle_grace = 1s;
constexpr config::Duration offer_patience = 10s;    // a new process, for what the running one offers
constexpr config::Duration upgrade_patience = 60s;  // a running process, beyond wait_for_sources, for the new one to be ready

}  // namespace

Upgrade::Given Server::for_upgrade() {
    Upgrade::Given given;
    given.loop = &loop_;
    given.log = &log_;
    given.launcher = &confined_.launcher;
    given.patience = [this] { return control_.config().process.wait_for_sources + upgrade_patience; };
    given.offer = [this] { return make_offer(doors_, *admin_, control_); };
    given.succeeded = [this](int successor, const std::vector<std::uint64_t>& claimed) { hand_over(successor, claimed); };
    given.failed = [this] { supervisor_.ready("an upgrade failed, see the log"); };
    return given;
}

/// The sockets of the process that we shall replace, or else those of systemd.
config::Result<void> Server::inherit() {
    auto takeover = Takeover::receive(files_, offer_patience);
    if (!takeover) {
        return tl::unexpected(takeover.error());
    }
    takeover_ = std::move(*takeover);
    if (takeover_) {
        doors_.inherit(takeover_->take_listeners());
        admin_->inherit(takeover_->take_admin());
        control_.keep_drained(takeover_->take_drains());
        return {};
    }
    auto activated = take_activated_sockets(files_);
    if (!activated) {
        return tl::unexpected(activated.error());
    }
    doors_.inherit(std::move(*activated));
    return {};
}

void Server::catch_up() {
    Takeover::Given given;
    given.loop = &loop_;
    given.control = &control_;
    given.applied = [this] {
        const auto newest = control_.numbers().snapshot_version;
        return std::ranges::all_of(workers_, [newest](const auto& worker) { return worker->applied_version() >= newest; });
    };
    given.claimed = [this] { return doors_.claimed(); };
    given.go = [this] {
        log_.info("taken_over", {{"pid", ::getpid()}});
        open_doors();
    };
    given.gave_up = [this](const std::string& why) {
        log_.error("start_failed", {{"why", why}});
        exit_code_ = config::ExitCode::failed;
        end_workers();
    };
    takeover_->catch_up(std::move(given));
}

void Server::open_doors() {
    takeover_.reset();
    doors_.open();
    admin_->begin();
}

void Server::end_workers() {
    for (const auto& worker : workers_) {
        worker->stop();
    }
}

void Server::heard(int signal) {
    switch (signal) {
        case SIGHUP:
            (void)reload();
            break;
        case SIGUSR1:
            reopen_access_log();
            break;
        case SIGUSR2:
            upgrade();
            break;
        default:
            stop(signal);
    }
}

config::Result<std::string> Server::reload() {
    if (stopping_ || upgrade_.under_way()) {
        return config::failure(stopping_ ? "this instance is about to stop" : "an upgrade is under way, which reads the configuration too");
    }
    supervisor_.reloading();
    auto report = control_.reload();
    supervisor_.ready(report ? "reloaded" : "a reload was refused, see the log");
    if (report) {
        log_.info("reloaded", {{"changes", *report}, {"generation", control_.numbers().config_generation}});
    }
    return report;
}

void Server::follow(const config::Config& config) {
    log_.set_level(config.log.level);
    chronicle_.follow(config.journal);
    set_limits(config);
    if (const auto applied = access_log_->apply(config.access_log); !applied) {
        log_.error("access_log_failed", {{"why", applied.error().what}});
    }
    if (const auto followed = admin_->follow(config.admin); !followed) {
        log_.error("admin_not_listening", {{"why", followed.error().what}});
    }
}

void Server::reopen_access_log() {
    if (const auto reopened = access_log_->reopen(); !reopened) {
        log_.error("access_log_failed", {{"why", reopened.error().what}});
    } else {
        log_.info("access_log_reopened");
    }
}

void Server::stop(int signal) {
    const std::string name = signal == SIGTERM ? "TERM" : signal == SIGINT ? "INT" : "QUIT";
    if (told_to_stop_) {
        log_.warning("stop_forced", {{"signal", name}});
        exit_code_ = config::ExitCode::forced;
        end_workers();
        return;
    }
    told_to_stop_ = true;
    if (stopping_) {  // it has a successor, and ends as soon as its requests have
        log_.info("stopping_already", {{"signal", name}});
        return;
    }
    stopping_ = true;
    const auto grace = control_.config().process.graceful_timeout;
    const auto delay = control_.config().process.stop_delay;
    log_.info("stopping", {{"signal", name}, {"delay", config::to_string(delay)}, {"grace", config::to_string(grace)}});
    supervisor_.stopping();
    upgrade_.cancel();
    control_.unready();
    loop_.at(clock_.now() + delay, [this] { close_doors(false); });
}

/// With a successor, a kept connection may wait for its next request until the end: the answer will say `Connection: close`.
void Server::close_doors(bool to_successor) {
    doors_.turn_newcomers_away();
    loop_.at(clock_.now() + Doors::last_call, [this, to_successor] {
        const auto now = clock_.now();
        const auto deadline = now + control_.config().process.graceful_timeout;
        control_.drain(deadline, to_successor ? deadline : now + idle_grace);
        doors_.close();
    });
}

void Server::upgrade() {
    const std::string why = stopping_   ? "this process is about to stop"
                            : takeover_ ? "this process is just taking over from another one"
                                        : why_no_upgrade(lineage_of_this_process(), files_);
    if (!why.empty()) {
        log_.warning("upgrade_refused", {{"why", why}});
        return;
    }
    supervisor_.reloading();
    upgrade_.begin();
}

void Server::hand_over(int successor, const std::vector<std::uint64_t>& claimed) {
    stopping_ = true;
    supervisor_.succeeded_by(successor);
    doors_.hand_over(claimed);
    admin_->hand_over();
    control_.leave_state();
    control_.unready();
    log_.info("handed_over", {{"to", successor}, {"grace", config::to_string(control_.config().process.graceful_timeout)}});
    close_doors(true);
}

}  // namespace cardea::proxy
