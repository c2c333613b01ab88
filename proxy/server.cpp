#include "config/load.hpp"
#include "proxy/control/local_addresses.hpp"
#include "proxy/machine.hpp"
#include "proxy/server_parts.hpp"
#include "proxy/startup.hpp"

#include <pthread.h>
#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace cardea::proxy {

std::uint32_t connection_limit(const config::Config& config, std::uint64_t descriptors) {
    // Two descriptors a proxied connection, and a fifth kept for listeners, pools, probes, sources and files.
    return config.process.max_connections != 0 ? config.process.max_connections : static_cast<std::uint32_t>(descriptors * 2 / 5);
}

std::uint64_t buffer_limit(const config::Config& config, config::Files& files) {
    // The kernel's buffers of the same connections, the snapshots and everybody else on the machine need the rest.
    return config.process.max_buffered.count != 0 ? config.process.max_buffered.count : usable_memory(files, installed_memory()) / 4;
}

namespace {

/// Threads made while this lives leave all signals to the thread that runs the loop.
class SignalsHeld {
public:
    SignalsHeld() {
        sigset_t all{};
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &former_);
    }
    ~SignalsHeld() { ::pthread_sigmask(SIG_SETMASK, &former_, nullptr); }
    SignalsHeld(const SignalsHeld&) = delete;
    SignalsHeld& operator=(const SignalsHeld&) = delete;

private:
    sigset_t former_{};
};

std::uint32_t count_workers(const config::Config& config, config::Files& files) {
    return config.process.threads != 0 ? config.process.threads : usable_processors(files, processors_in_affinity_mask());
}

}  // namespace

Server::Server(ServerOptions options, config::Files& files, Confined confined)
    : config_file_(std::move(options.config_file)),
      files_(files),
      confined_(std::move(confined)),
      worker_count_(count_workers(options.config, files)),
      // At a terminal the start is told in words; the log begins with warnings and goes on as configured afterwards.
      log_(terminal_ ? std::max(options.config.log.level, config::Log::Level::warning) : options.config.log.level),
      chronicle_(options.config.journal, log_),
      shared_(worker_count_, connection_limit(options.config, raise_descriptor_limit()), std::random_device{}()),
      doors_(for_doors()),
      control_(loop_, options.config, given()),
      upgrade_(for_upgrade()),
      supervisor_(files) {
    set_limits(options.config);
}

void Server::set_limits(const config::Config& config) {
    shared_.max_connections.store(connection_limit(config, raise_descriptor_limit()), std::memory_order_relaxed);
    shared_.max_buffered.store(buffer_limit(config, files_), std::memory_order_relaxed);
    shared_.max_queue_ms.store(config.process.max_queue_time.count(), std::memory_order_relaxed);
    shared_.spin.store(config.process.latency == config::Latency::adaptive, std::memory_order_relaxed);
    shared_.pipes.most.store(config.process.max_pipes, std::memory_order_relaxed);
}

Doors::Given Server::for_doors() {
    Doors::Given given;
    given.log = &log_;
    given.accepting = &shared_.accepting;
    given.workers_wanted = [this](const config::Config& config) { return count_workers(config, files_); };
    given.later = [this](config::Duration wait, std::function<void()> then) { loop_.at(clock_.now() + wait, std::move(then)); };
    return given;
}

control::Given Server::given() {
    control::Given given;
    given.workers = worker_count_;
    given.files = &files_;
    given.local_addresses = control::local_addresses();
    given.seed = std::random_device{}();
    given.doors = &doors_;
    given.load_config = [this] { return load(); };
    given.applied = [this](const config::Config& config) { follow(config); };
    given.log = &log_;
    given.journal = [this](discovery::JournalEntry entry) { chronicle_.add(std::move(entry)); };
    return given;
}

config::Result<config::Config> Server::load() {
    if (config_file_.empty()) {
        return config::failure("this instance was started without a configuration file", {}, "start it with `cardea run -c FILE`");
    }
    NotedFiles noted(files_);
    auto loaded = config::load_file(config_file_, noted);
    if (!loaded.config) {
        return config::failure(config::report(loaded.problems, "the former configuration keeps running"));
    }
    if (auto admitted = confined_.sandbox.admit(*loaded.config, noted.paths()); !admitted) {
        return tl::unexpected(admitted.error());
    }
    return std::move(*loaded.config);
}

admin::Facts Server::facts() {
    admin::Facts facts;
    facts.control = &control_;
    facts.journal = &chronicle_.journal();
    facts.journal_lost = [this] { return chronicle_.lost(); };
    facts.access_log_lost = [this] { return access_log_->lost(); };
    facts.log = &log_;
    facts.started = started_;
    facts.reload = [this] { return reload(); };
    for (const auto& metrics : metrics_) {
        facts.workers.push_back(metrics.get());
    }
    return facts;
}

void Server::make_workers() {
    std::vector<observe::Counter*> dropped;
    for (std::size_t i = 0; i < worker_count_; ++i) {
        metrics_.push_back(std::make_unique<observe::WorkerMetrics>());
        dropped.push_back(&metrics_.back()->log_lines_dropped);
    }
    access_log_ = std::make_unique<observe::AccessLog>(dropped);
    std::random_device seeds;
    for (std::size_t i = 0; i < worker_count_; ++i) {
        WorkerOptions options;
        options.index = i;
        options.shared = &shared_;
        options.control = &control_;
        options.metrics = metrics_[i].get();
        options.records = &access_log_->sink(i);
        options.clock = &clock_;
        options.seed = (std::uint64_t{seeds()} << 32U) | seeds();
        options.snapshot = control_.snapshot();
        workers_.push_back(std::make_unique<Worker>(options));
    }
}

bool Server::start() {
    const auto fail = [this](const config::Error& error) {
        log_.error("start_failed", {{"why", error.what}, {"hint", error.hint}});
        if (takeover_) {
            takeover_->failed(error.what);
        }
        return false;
    };
    if (const auto opened = access_log_->apply(control_.config().access_log); !opened) {
        return fail(opened.error());
    }
    config::Admin defaults;
    defaults.tcp = config::default_admin_address();
    defaults.unix_path = config::default_admin_socket(files_);
    admin_ = std::make_unique<admin::Admin>(loop_, log_, facts(), std::move(defaults));
    chronicle_.on_added([this] { admin_->wake(); });
    if (const auto inherited = inherit(); !inherited) {
        return fail(inherited.error());
    }
    std::vector<snapshot::WorkerPort*> ports;
    ports.reserve(workers_.size());
    for (const auto& worker : workers_) {
        ports.push_back(worker.get());
    }
    doors_.start(ports, takeover_ == nullptr);
    if (const auto started = control_.start(ports); !started) {
        return fail(started.error());
    }
    if (const auto opened = admin_->follow(control_.config().admin); !opened) {
        return fail(opened.error());
    }
    if (takeover_) {
        catch_up();
    } else {
        open_doors();
    }
    return true;
}

void Server::run_workers() {
    for (std::size_t i = 0; i < worker_count_; ++i) {
        threads_.emplace_back([this, i] {
            ::pthread_setname_np(::pthread_self(), ("worker-" + std::to_string(i)).c_str());
            workers_[i]->run();
            loop_.post([this] { worker_ended(); });
        });
    }
}

void Server::tell_start() {
    log_.info("started", {{"version", CARDEA_VERSION},
                          {"config", config_file_},
                          {"workers", worker_count_},
                          {"pid", ::getpid()},
                          {"user", confined_.user},
                          {"sandbox", confined_.sandbox.state()}});
    if (!confined_.warning.empty()) {
        log_.warning("user_not_changed", {{"why", confined_.warning}});
    }
    if (terminal_) {
        const std::string text = startup_head(config_file_, worker_count_, control_.listeners(), admin_->addresses()) +
                                 startup_line("sandbox", confined_.sandbox.state() + ", user " + confined_.user);
        (void)!::write(STDERR_FILENO, text.data(), text.size());
    }
}

void Server::tell_findings() {
    const auto services = control_.services();
    const auto endpoints = std::accumulate(services.begin(), services.end(), std::size_t{0},
                                           [](std::size_t sum, const control::ServiceView& service) { return sum + service.endpoints; });
    const auto routes = control_.routes();
    const auto problems = control_.problems();
    if (terminal_) {
        const std::string text = startup_findings(control_.sources(), services, routes, problems);
        (void)!::write(STDERR_FILENO, text.data(), text.size());
        log_.set_level(control_.config().log.level);
    } else {
        for (const auto& problem : problems) {
            log_.warning("problem", {{"what", problem}});
        }
    }
    if (takeover_ == nullptr) {
        supervisor_.ready(std::to_string(services.size()) + " services, " + std::to_string(endpoints) + " endpoints");
    }
    log_.info("ready", {{"services", services.size()}, {"endpoints", endpoints}, {"routes", routes.size()}, {"problems", problems.size()}});
}

void Server::worker_ended() {
    if (++ended_ == worker_count_) {
        loop_.stop();
    }
}

config::ExitCode Server::run() {
    loop_.on_signals({SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2},
                     [this](int signal) { heard(signal); });  // heard once the loop runs
    {
        const SignalsHeld held;
        make_workers();
        if (!start()) {
            return config::ExitCode::failed;
        }
        run_workers();
    }
    tell_start();
    control_.when_ready([this] { tell_findings(); });
    loop_.run();
    admin_->stop();
    control_.stop();
    for (auto& thread : threads_) {
        thread.join();
    }
    log_.info("stopped", {{"exit_code", static_cast<int>(exit_code_)}});
    return exit_code_;
}

config::ExitCode serve(ServerOptions options, config::Files& files) {
    hold_standard_descriptors();
    std::signal(SIGPIPE, SIG_IGN);  // every write is checked; a reader that left must not end the process
    auto confined = confine(options, files);
    if (!confined) {
        observe::Log(options.config.log.level).error("start_failed", {{"why", confined.error().what}, {"hint", confined.error().hint}});
        return config::ExitCode::failed;
    }
    return Server(std::move(options), files, std::move(*confined)).run();
}

}  // namespace cardea::proxy
