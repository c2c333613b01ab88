#pragma once
// The server from the inside: start and run in server.cpp, what happens on a signal in server_orders.cpp. Control thread, but
// for what the workers share.

#include "proxy/admin/admin.hpp"
#include "proxy/chronicle.hpp"
#include "proxy/confine.hpp"
#include "proxy/control/control.hpp"
#include "proxy/control/loop.hpp"
#include "proxy/doors.hpp"
#include "proxy/net/clock.hpp"
#include "proxy/observe/access_log.hpp"
#include "proxy/observe/log.hpp"
#include "proxy/server.hpp"
#include "proxy/supervisor.hpp"
#include "proxy/takeover.hpp"
#include "proxy/upgrade.hpp"
#include "proxy/worker.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace cardea::proxy {

/// Of clients; `descriptors` is the limit of open files.
[[nodiscard]] std::uint32_t connection_limit(const config::Config& config, std::uint64_t descriptors);

/// Of messages in memory, all workers together.
[[nodiscard]] std::uint64_t buffer_limit(const config::Config& config, config::Files& files);

class Server {
public:
    Server(ServerOptions options, config::Files& files, Confined confined);
    config::ExitCode run();

private:
    control::Given given();
    Doors::Given for_doors();
    Upgrade::Given for_upgrade();
    config::Result<config::Config> load();
    admin::Facts facts();
    void make_workers();
    bool start();
    config::Result<void> inherit();
    void run_workers();
    void tell_start();
    void tell_findings();
    void heard(int signal);
    config::Result<std::string> reload();
    void follow(const config::Config& config);
    void set_limits(const config::Config& config);
    void reopen_access_log();
    void stop(int signal);
    void close_doors(bool to_successor);
    void upgrade();
    void hand_over(int successor, const std::vector<std::uint64_t>& claimed);
    void catch_up();
    void open_doors();
    void end_workers();
    void worker_ended();

    const std::string config_file_;
    config::Files& files_;
    Confined confined_;
    const config::WallTime started_{std::chrono::system_clock::now()};
    const bool terminal_{::isatty(STDERR_FILENO) == 1};
    const std::size_t worker_count_;
    const net::SystemClock clock_{};
    observe::Log log_;
    Chronicle chronicle_;
    std::vector<std::unique_ptr<observe::WorkerMetrics>> metrics_;
    std::unique_ptr<observe::AccessLog> access_log_;
    control::Loop loop_;
    Shared shared_;
    Doors doors_;
    control::Control control_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::unique_ptr<admin::Admin> admin_;
    std::unique_ptr<Takeover> takeover_;  ///< until the doors are ours
    Upgrade upgrade_;
    const Supervisor supervisor_;
    std::vector<std::thread> threads_;
    std::size_t ended_{0};
    bool stopping_{false};      ///< by a signal, or because a successor has the doors
    bool told_to_stop_{false};  ///< by a signal: the next one forces it
    config::ExitCode exit_code_{config::ExitCode::ok};
};

}  // namespace cardea::proxy
