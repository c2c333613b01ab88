#pragma once
// The inside of Control: sources -> pipeline -> endpoint book -> snapshot -> workers, and back from workers and probes.
// One object, control thread only, but for saw().

#include "discovery/pipeline.hpp"
#include "proxy/control/control.hpp"
#include "proxy/control/debounce.hpp"
#include "proxy/control/drains.hpp"
#include "proxy/control/endpoint_book.hpp"
#include "proxy/control/names.hpp"
#include "proxy/control/prober.hpp"
#include "proxy/control/render.hpp"
#include "proxy/control/sightings.hpp"
#include "proxy/control/sources.hpp"
#include "proxy/control/state_store.hpp"
#include "proxy/snapshot/keeper.hpp"

namespace cardea::control {

class Control::Engine {
public:
    Engine(Loop& loop, config::Config config, Given given);

    config::Result<void> start(std::vector<snapshot::WorkerPort*> workers);
    config::Result<std::string> reload(config::Config next);
    void unready() { draining_ = true; }
    void drain(config::TimePoint deadline, config::TimePoint idle_until);
    void stop();
    void leave_state() { state_.leave(); }
    [[nodiscard]] bool ready() const;
    void when_ready(std::function<void()> then);
    void saw(const Seen& seen);
    config::Result<std::vector<DrainView>> drain_endpoint(std::string_view which, std::string_view service);
    config::Result<std::vector<DrainView>> undrain_endpoint(std::string_view which, std::string_view service);
    void keep_drained(std::vector<DrainView> orders);
    [[nodiscard]] const Drains& drains() const { return drains_; }

    [[nodiscard]] const config::Config& config() const { return config_; }
    [[nodiscard]] const Given& given() const { return given_; }
    [[nodiscard]] const snapshot::Snapshot* snapshot() const { return keeper_.newest(); }
    void refused(const std::string& why);

    [[nodiscard]] std::vector<SourceView> sources() const;
    [[nodiscard]] std::vector<ServiceView> services() const;
    [[nodiscard]] std::vector<EndpointView> endpoints() const;
    [[nodiscard]] std::vector<RouteView> routes() const;
    [[nodiscard]] std::vector<ListenerView> listeners() const;
    [[nodiscard]] std::vector<std::string> problems() const;
    [[nodiscard]] Numbers numbers() const;
    [[nodiscard]] observe::RequestNames request_names() const { return {builder_.listener_names(), builder_.route_names()}; }

private:
    struct Name {
        FollowedName followed{};
        std::unique_ptr<Alarm> again{};
    };

    // --- what comes in (engine.cpp) ---
    void on_publish(std::string_view source, discovery::Publish publish);
    void on_source(const SourceView& before, const SourceView& now);
    void on_sightings();
    void on_probe(const ProbeOrder& order, const health::ProbeOutcome& outcome);
    void follow_names();
    void ask_name(const std::string& name);
    void on_name(const std::string& name, const Lookup& lookup);
    void tend();
    void tend_in_time();

    // --- what goes out (engine.cpp) ---
    void apply(discovery::Changes changes);
    void apply(Effects effects);
    void take_service(const std::string& name, Effects& effects);
    void publish_later(bool urgent);
    void render_routes();
    void publish();
    void set_service(const std::string& name);
    void watch_workers();
    void became_ready();

    // --- what is remembered (engine_journal.cpp) ---
    void heard_from(std::string_view source, const discovery::Publish& publish);
    void note(discovery::JournalEntry::Kind kind, std::string effect = {});
    void note(discovery::JournalEntry entry);
    void log_transition(const Transition& transition);
    void log_departure(const Departure& departure);

    // --- sources: their state, age and memory (engine_state.cpp; on_source too) ---
    void restore_state();
    void save_state(bool all);
    void forget_state();
    [[nodiscard]] StateStore::Truth truth() const;
    void judge_freshness(SourceView& view) const;
    void watch_freshness();

    // --- reload (reload.cpp) ---
    void take_config(config::Config next);

    Loop& loop_;
    config::Config config_;
    Given given_;
    Resolver resolver_;
    Outbound outbound_;
    FileWatcher watcher_;
    discovery::Pipeline pipeline_;
    EndpointBook book_;
    Renderer renderer_{};
    Rendered rendered_{};
    snapshot::SnapshotBuilder builder_;
    snapshot::SnapshotKeeper keeper_{};
    SourceSet sources_;
    StateStore state_;
    std::set<std::string> excused_{};                 ///< sources of which enough was restored: readiness does not wait for them
    std::map<std::string, std::string> freshness_{};  ///< by source, as last told
    Prober prober_;
    Debounce debounce_;
    std::vector<snapshot::WorkerPort*> workers_{};
    std::map<std::string, Name> names_{};
    Drains drains_{};
    discovery::Occasion told_by_{};  ///< what makes the control plane act just now: it goes into the journal with every effect
    std::set<std::pair<std::string, std::string>> doubted_{};  ///< (source, query) whose last answer was not believed to the letter
    std::set<std::string> dirty_{};                            ///< services to be set in the builder at the next publish
    bool routes_dirty_{true}, routes_rendered_{false};
    config::TimePoint tend_at_{};
    Sightings sightings_{};
    Alarm publish_alarm_, workers_alarm_, tend_alarm_, wait_alarm_;
    std::vector<std::function<void()>> on_ready_{};
    bool started_{false}, waited_{false}, draining_{false}, ready_told_{false};
    Numbers numbers_{};
    std::optional<config::TimePoint> changed_at_{}, posted_at_{};
};

}  // namespace cardea::control
