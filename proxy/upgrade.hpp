#pragma once
// Handing the doors to a new process (USR2), as the old one sees it: starts it, offers it the listening sockets, waits for its
// word. Until that word everything stays as it is, whatever becomes of the new process. Control thread.

#include "proxy/accept/handover.hpp"
#include "proxy/control/loop.hpp"
#include "proxy/launcher.hpp"
#include "proxy/net/descriptor.hpp"
#include "proxy/observe/log.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cardea::proxy {

/// One message of the offer with the descriptors beside it, which stay their owner's.
struct OfferPart {
    accept::HandoverMessage message{};
    std::vector<int> descriptors{};
};

class Upgrade {
public:
    struct Given {
        control::Loop* loop{nullptr};
        observe::Log* log{nullptr};
        Launcher* launcher{nullptr};
        std::function<config::Duration()> patience{};  ///< from start to ready
        std::function<std::vector<OfferPart>()> offer{};
        /// The new process is ready and waits for `go`: what it claimed is not ours any more once `go` is said. Called once.
        std::function<void(int pid, const std::vector<std::uint64_t>& claimed)> succeeded{};
        std::function<void()> failed{};  ///< told in the log already
    };
    explicit Upgrade(Given given);
    ~Upgrade();
    Upgrade(const Upgrade&) = delete;
    Upgrade& operator=(const Upgrade&) = delete;

    /// Starts a new process, unless one is on its way.
    void begin();
    [[nodiscard]] bool under_way() const { return pid_ > 0; }
    /// The process stops by itself before the new one was ready: that one must not start to serve.
    void cancel();

private:
    config::Result<void> start();
    void heard();
    void heard(const accept::HandoverMessage& message);
    void fail(const std::string& why, bool ends_by_itself = false);
    void bury(int pid, const std::string& why, int looks_left);

    const Given given_;
    int pid_{-1};
    net::Descriptor channel_{};
    std::unique_ptr<control::ReadWatch> watch_{};
    control::Alarm deadline_;
};

}  // namespace cardea::proxy
