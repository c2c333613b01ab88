#pragma once
// Who started this process and what it wants to hear: systemd's notifications (sd_notify(3)), its sockets (sd_listen_fds(3)),
// and whether a process that takes over could outlive this one at all. Control thread.

#include "config/files.hpp"
#include "config/result.hpp"
#include "proxy/doors.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cardea::proxy {

/// The process as the kernel knows it.
struct Lineage {
    int pid{0}, parent{0};
    std::string first{};  ///< the name of process 1 (/proc/1/comm), empty when it cannot be read
};
[[nodiscard]] Lineage lineage_of_this_process();

/// Why a hot upgrade would end the service instead of renewing it; empty when nothing is known against it. `files` gives the
/// environment.
[[nodiscard]] std::string why_no_upgrade(const Lineage& lineage, config::Files& files);

/// What LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES say: the name of each passed descriptor, 3 being the first. Empty when they
/// speak to another process or to nobody.
[[nodiscard]] config::Result<std::vector<std::string>> activation_names(int pid, config::Files& files);

/// The sockets that systemd listens on for us, close-on-exec from now on. Fails when one of them is not a listening stream
/// socket. Ends the variables' life: who is started by us has no use for them.
[[nodiscard]] config::Result<std::vector<InheritedSocket>> take_activated_sockets(config::Files& files);

/// Tells the service manager how things stand; without NOTIFY_SOCKET, nobody.
class Supervisor {
public:
    explicit Supervisor(config::Files& files);
    void ready(std::string_view status) const;
    void reloading() const;
    void stopping() const;
    /// This process has a successor, which is ready: its words count from now on.
    void succeeded_by(int pid) const;

private:
    void tell(const std::string& message) const;
    std::string address_{};  ///< a path, or a name that begins with `@`
};

}  // namespace cardea::proxy
