#include "proxy/control/control.hpp"

#include "proxy/control/engine.hpp"

#include <algorithm>
#include <utility>

namespace cardea::control {

Control::Control(Loop& loop, config::Config config, Given given)
    : engine_(std::make_unique<Engine>(loop, std::move(config), std::move(given))) {}
Control::~Control() = default;

const snapshot::Snapshot* Control::snapshot() const {
    return engine_->snapshot();
}

config::Result<void> Control::start(std::vector<snapshot::WorkerPort*> workers) {
    return engine_->start(std::move(workers));
}

config::Result<std::string> Control::reload() {
    if (!engine_->given().load_config) {
        return config::failure("there is no configuration file to read again");
    }
    auto next = engine_->given().load_config();
    if (!next) {
        engine_->refused(next.error().what);
        return tl::unexpected(std::move(next.error()));
    }
    return reload(std::move(*next));
}

config::Result<std::string> Control::reload(config::Config next) {
    auto report = engine_->reload(std::move(next));
    if (!report) {
        engine_->refused(report.error().what);
    }
    return report;
}

void Control::unready() {
    engine_->unready();
}
void Control::drain(config::TimePoint deadline, config::TimePoint idle_until) {
    engine_->drain(deadline, idle_until);
}
config::Result<std::vector<DrainView>> Control::drain_endpoint(std::string_view which, std::string_view service) {
    return engine_->drain_endpoint(which, service);
}
config::Result<std::vector<DrainView>> Control::undrain_endpoint(std::string_view which, std::string_view service) {
    return engine_->undrain_endpoint(which, service);
}
void Control::keep_drained(std::vector<DrainView> orders) {
    engine_->keep_drained(std::move(orders));
}
std::vector<DrainView> Control::drains() const {
    return engine_->drains().view();
}
void Control::leave_state() {
    engine_->leave_state();
}
void Control::stop() {
    engine_->stop();
}
bool Control::ready() const {
    return engine_->ready();
}
void Control::when_ready(std::function<void()> then) {
    engine_->when_ready(std::move(then));
}
const config::Config& Control::config() const {
    return engine_->config();
}
std::vector<SourceView> Control::sources() const {
    return engine_->sources();
}
std::vector<ServiceView> Control::services() const {
    return engine_->services();
}
std::vector<EndpointView> Control::endpoints() const {
    return engine_->endpoints();
}
std::vector<RouteView> Control::routes() const {
    return engine_->routes();
}
std::vector<ListenerView> Control::listeners() const {
    return engine_->listeners();
}
std::vector<std::string> Control::problems() const {
    return engine_->problems();
}
Numbers Control::numbers() const {
    return engine_->numbers();
}
observe::RequestNames Control::request_names() const {
    return engine_->request_names();
}
void Control::saw(balance::EndpointState* endpoint, snapshot::Sighting sighting) {
    engine_->saw({endpoint, sighting});
}

// --------------------------------------------------------------------------------------------------------- views

std::vector<SourceView> Control::Engine::sources() const {
    auto views = sources_.view(std::chrono::steady_clock::now());
    for (auto& view : views) {
        judge_freshness(view);
    }
    return views;
}

std::vector<EndpointView> Control::Engine::endpoints() const {
    auto views = book_.view();
    for (auto& view : views) {
        view.drained = drains_.has(view.service, view.id);
    }
    return views;
}

std::vector<ServiceView> Control::Engine::services() const {
    std::vector<ServiceView> views;
    for (const auto& [name, endpoints] : pipeline_.catalog()) {
        static constexpr const char* words[] = {"round_robin", "least_request", "random_of_two"};
        const auto members = book_.members(name);
        ServiceView view;
        view.name = name;
        view.endpoints = members.size();
        view.eligible =
            static_cast<std::size_t>(std::count_if(members.begin(), members.end(), [](const auto& one) { return one.eligible; }));
        view.balance = words[static_cast<std::size_t>(settings_of(config_, name).balance)];
        view.starting = view.eligible == 0 && (!ready() || (!members.empty() && book_.awaits_admission(name)));
        view.routed = std::find(rendered_.unrouted.begin(), rendered_.unrouted.end(), name) == rendered_.unrouted.end();
        views.push_back(std::move(view));
    }
    return views;
}

std::vector<RouteView> Control::Engine::routes() const {
    std::vector<RouteView> views;
    std::transform(rendered_.routes.begin(), rendered_.routes.end(), std::back_inserter(views), view_of);
    return views;
}

std::vector<ListenerView> Control::Engine::listeners() const {
    std::vector<ListenerView> views;
    views.reserve(config_.listeners.size());
    for (const auto& listener : config_.listeners) {
        views.push_back({listener.name, config::to_string(given_.doors->bound(listener))});
    }
    return views;
}

std::vector<std::string> Control::Engine::problems() const {
    std::vector<std::string> problems;
    problems.reserve(rendered_.unrouted.size());
    for (const auto& name : rendered_.unrouted) {
        std::string problem = "service " + name + " has no route: add `routes: [{service: ";
        problem.append(name).append("}]`, or the label `cardea.host` to its containers");
        problems.push_back(std::move(problem));
    }
    for (const auto& [name, following] : names_) {
        if (!following.followed.trouble().empty()) {
            problems.push_back("the name " + name + " does not resolve: " + following.followed.trouble());
        }
    }
    for (const auto& refusal : pipeline_.refusals()) {
        problems.push_back(refusal + "; `discovery.allow` overrides");
    }
    for (auto& excess : pipeline_.excesses()) {
        problems.push_back(std::move(excess));
    }
    for (auto& problem : state_.problems()) {
        problems.push_back(std::move(problem));
    }
    for (const auto& source : sources_.view({})) {
        for (const auto& one : source.notes) {
            problems.push_back(source.name + ": " + one);
        }
    }
    return problems;
}

Numbers Control::Engine::numbers() const {
    Numbers numbers = numbers_;
    numbers.snapshot_version = keeper_.newest()->version;
    numbers.drained = drains_.size();
    numbers.snapshots_alive = keeper_.alive();
    const auto probes = prober_.counts();
    numbers.probes_good = probes.good;
    numbers.probes_bad = probes.bad;
    numbers.probes_deferred = probes.deferred;
    numbers.answers_too_long = sources_.answers_too_long();
    numbers.services_too_large = pipeline_.work().services_too_large;
    numbers.endpoints_too_many = pipeline_.work().too_many_in_all;
    const auto seen = sightings_.counts();
    numbers.sightings = seen.seen;
    numbers.sightings_dropped = seen.dropped;
    return numbers;
}

}  // namespace cardea::control
