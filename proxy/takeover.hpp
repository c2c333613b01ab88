#pragma once
// Taking the doors over from a running process (USR2), as the new one sees it: receives the offer before anything is opened,
// says when it knows as much as the old one, and begins when that one says so or is gone. Control thread.

#include "config/files.hpp"
#include "config/units.hpp"
#include "proxy/accept/handover.hpp"
#include "proxy/control/control.hpp"
#include "proxy/control/loop.hpp"
#include "proxy/doors.hpp"
#include "proxy/net/descriptor.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cardea::proxy {

class Takeover {
public:
    /// Null when this process was started by nobody's upgrade. Reads the offer, waiting for it if need be; what is no offer,
    /// or not one that this version understands, is an error, and told to the old process.
    [[nodiscard]] static config::Result<std::unique_ptr<Takeover>> receive(config::Files& files, config::Duration patience);
    explicit Takeover(net::Descriptor channel) : channel_(std::move(channel)) {}

    /// The listening sockets, each to be taken once.
    [[nodiscard]] std::vector<InheritedSocket> take_listeners() { return std::move(listeners_); }
    [[nodiscard]] std::vector<std::pair<config::Address, net::Descriptor>> take_admin() { return std::move(admin_); }

    [[nodiscard]] std::vector<control::DrainView> take_drains() { return std::move(drains_); }

    /// What the old process knows and this one does not yet; empty when requests are as well served here. `patient`: also
    /// wait for endpoints that may be on their way; without, one endpoint of each service that had any is enough, and a source
    /// that is down may be known from the state that the old process has written.
    [[nodiscard]] std::string lacking(const std::vector<control::SourceView>& sources, const std::vector<control::ServiceView>& services,
                                      bool patient) const;

    struct Given {
        control::Loop* loop{nullptr};
        const control::Control* control{nullptr};
        std::function<bool()> applied{};                        ///< every worker serves from the newest snapshot
        std::function<std::vector<std::uint64_t>()> claimed{};  ///< the old process' ids of the sockets in use
        std::function<void()> go{};                             ///< the doors are ours. Called once
        std::function<void(const std::string&)> gave_up{};      ///< told to the old process already. Called once
    };
    /// Watches until nothing is lacking, tells the old process, and waits for its `go`. Gives up
    /// a few seconds after `process.wait_for_sources`.
    void catch_up(Given given);
    /// Tells the old process why it has to go on.
    void failed(const std::string& why);

private:
    config::Result<void> read_offer(config::TimePoint deadline);
    config::Result<bool> read_part();
    void look();
    void ready();
    void heard();

    net::Descriptor channel_;
    std::vector<InheritedSocket> listeners_{};
    std::vector<std::pair<config::Address, net::Descriptor>> admin_{};
    std::vector<std::string> sources_{};
    std::map<std::string, std::uint64_t> services_{};
    std::vector<control::DrainView> drains_{};
    std::unique_ptr<control::ReadWatch> watch_{};
    Given given_{};
    config::TimePoint patient_until_{}, give_up_at_{};
};

}  // namespace cardea::proxy
