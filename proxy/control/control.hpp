#pragma once
// The control plane: watches the sources, probes the endpoints, renders (config, catalog, health) into snapshots and
// hands them to the workers. Everything runs on the control thread (Loop) except saw(), which any worker may call.

#include "config/config.hpp"
#include "config/files.hpp"
#include "discovery/journal.hpp"
#include "proxy/control/drains.hpp"
#include "proxy/control/loop.hpp"
#include "proxy/control/views.hpp"
#include "proxy/observe/exposition.hpp"
#include "proxy/observe/log.hpp"
#include "proxy/snapshot/worker_port.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::control {

/// Where clients come in. Control says what the configuration wants; the process keeps the sockets. Control thread.
class Doors {
public:
    virtual ~Doors() = default;
    /// Opens what `next` wants and is not open yet. On failure nothing has changed.
    virtual config::Result<void> prepare(const config::Config& next) = 0;
    /// What was prepared is in force: the workers are sent to these doors and leave all others. Answers what a person should
    /// know of it, empty mostly.
    virtual std::string commit() = 0;
    /// Where that listener really listens (with the port that 0 became); as configured before it does.
    [[nodiscard]] virtual config::Address bound(const config::Listener& listener) const = 0;
};

/// What the outside gives the control plane; every callback is called on the control thread.
struct Given {
    std::size_t workers{1};                            ///< how many start() will be given
    config::Files* files{nullptr};                     ///< outlives Control
    std::vector<config::IpAddress> local_addresses{};  ///< of this machine (control/local_addresses.hpp)
    std::uint64_t seed{0};                             ///< jitter of back-off and probes
    Doors* doors{nullptr};                             ///< outlives Control
    /// Reads, parses and validates the configuration again; all faults in `what`, one a line.
    std::function<config::Result<config::Config>()> load_config{};
    /// Called when a reload is in force: admin, access log and log level follow it.
    std::function<void(const config::Config&)> applied{};
    observe::Log* log{nullptr};  ///< `source_synced source= services= endpoints= ms=`, …; outlives Control, may be null
    std::function<void(discovery::JournalEntry)> journal{};  ///< every change worth remembering, also from the constructor
};

class Control final : public snapshot::ControlPort {
public:
    /// Renders the first snapshot; nothing is opened, watched or asked before start().
    Control(Loop& loop, config::Config config, Given given);
    ~Control() override;
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;

    /// The newest one: for making workers, which want one from the beginning. Valid at least until start().
    [[nodiscard]] const snapshot::Snapshot* snapshot() const;
    /// Before Loop::run() or on the control thread: opens the doors, hands everything to the workers (index = worker;
    /// they outlive stop()), starts the sources. Fails only when a listener cannot be opened.
    config::Result<void> start(std::vector<snapshot::WorkerPort*> workers);
    /// Reads the configuration again and applies it; the text says what changed. On failure nothing has changed.
    config::Result<std::string> reload();
    config::Result<std::string> reload(config::Config next);
    /// An operator's order: no new request to the endpoint that `which` names (its id, an address, a container's id; in every
    /// service, or in one); those in flight finish within the drain time. It stands, over updates, reloads and upgrades, until undrained.
    config::Result<std::vector<DrainView>> drain_endpoint(std::string_view which, std::string_view service);
    config::Result<std::vector<DrainView>> undrain_endpoint(std::string_view which, std::string_view service);
    /// Orders that stood in the process whose place this one takes. Before start().
    void keep_drained(std::vector<DrainView> orders);
    /// Readiness fails from now on, and nothing else changes yet.
    void unready();
    /// unready(), and every worker drains (WorkerPort::drain); sources are watched until stop().
    void drain(config::TimePoint deadline, config::TimePoint idle_until);
    /// A successor keeps `process.state_dir` from now on, and this process writes there no more.
    void leave_state();
    /// Ends watching and probing at once; snapshots stay valid until this object goes (workers must have ended by then).
    void stop();

    /// Every source has answered once, or `process.wait_for_sources` has passed; false while draining.
    [[nodiscard]] bool ready() const;
    /// ready(), or when this turns true later: called once, on the control thread. For the start-up output.
    void when_ready(std::function<void()> then);

    [[nodiscard]] const config::Config& config() const;  ///< in force
    [[nodiscard]] std::vector<SourceView> sources() const;
    [[nodiscard]] std::vector<ServiceView> services() const;
    [[nodiscard]] std::vector<EndpointView> endpoints() const;
    [[nodiscard]] std::vector<DrainView> drains() const;  ///< also of endpoints that are away
    [[nodiscard]] std::vector<RouteView> routes() const;
    [[nodiscard]] std::vector<ListenerView> listeners() const;
    /// What stands in the way of traffic, each with what to do about it: services without a route, names that do not resolve.
    [[nodiscard]] std::vector<std::string> problems() const;
    [[nodiscard]] Numbers numbers() const;
    [[nodiscard]] observe::RequestNames request_names() const;  ///< of the workers' request tables

    /// Any thread; never blocks. Dropped and counted when 4096 are waiting.
    void saw(balance::EndpointState* endpoint, snapshot::Sighting sighting) override;

private:
    class Engine;
    std::unique_ptr<Engine> engine_;
};

}  // namespace cardea::control
