#include "proxy/control/engine.hpp"

#include "proxy/observe/log.hpp"

#include <algorithm>
#include <utility>

namespace cardea::control {

namespace {

constexpr config::Duration tend_every{1'000};
constexpr config::Duration look_at_workers{1};  // until every worker has applied the newest snapshot

config::TimePoint steady_now() {
    return std::chrono::steady_clock::now();
}

Now both_clocks() {
    return {steady_now(), std::chrono::system_clock::now()};
}

std::uint64_t micros(config::TimePoint::duration time) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

Resolve by(Resolver& resolver) {
    return [&resolver](const std::string& name, auto done) {
        resolver.resolve(name, [done = std::move(done)](const Lookup& lookup) {
            if (lookup.outcome == Lookup::Outcome::found) {
                done(lookup.addresses);
            } else {
                done(config::failure(lookup.error));
            }
        });
    };
}

}  // namespace

Control::Engine::Engine(Loop& loop, config::Config config, Given given)
    : loop_(loop),
      config_(std::move(config)),
      given_(std::move(given)),
      resolver_(loop),
      outbound_(loop, by(resolver_)),
      watcher_(loop, *given_.files),
      pipeline_(given_.local_addresses),
      book_(given_.seed),
      builder_(given_.workers),
      sources_({loop, outbound_, watcher_, *given_.files, given_.local_addresses, given_.seed},
               {[this](std::string_view source, discovery::Publish publish) { on_publish(source, std::move(publish)); },
                [this](const SourceView& before, const SourceView& now) { on_source(before, now); },
                [this](std::string_view source) { return pipeline_.wanted(source); }}),
      state_(loop, *given_.files, config_.process.state_dir, given_.log),
      prober_(loop, outbound_, book_, config_.health.max_per_second,
              [this](const ProbeOrder& order, const health::ProbeOutcome& outcome) { on_probe(order, outcome); }),
      debounce_(config_.discovery.debounce_quiet, config_.discovery.debounce_max),
      publish_alarm_(loop),
      workers_alarm_(loop),
      tend_alarm_(loop),
      wait_alarm_(loop) {
    numbers_.config_generation = 1;
    told_by_ = {"config", "start", {}};
    note(discovery::JournalEntry::Kind::started);
    apply(pipeline_.configure(config_));
    publish();
}

config::Result<void> Control::Engine::start(std::vector<snapshot::WorkerPort*> workers) {
    if (auto opened = given_.doors->prepare(config_); !opened) {
        return opened;
    }
    workers_ = std::move(workers);
    keeper_.start(workers_);
    (void)given_.doors->commit();
    started_ = true;
    wait_alarm_.set(steady_now() + config_.process.wait_for_sources, [this] {
        waited_ = true;
        became_ready();
    });
    restore_state();
    sources_.configure(config_);
    publish();  // static endpoints serve from the first request on
    tend();
    became_ready();
    return {};
}

void Control::Engine::drain(config::TimePoint deadline, config::TimePoint idle_until) {
    unready();
    for (auto* const worker : workers_) {
        worker->drain(deadline, idle_until);
    }
}

void Control::Engine::stop() {
    save_state(true);
    sources_.stop();
    prober_.stop();
    names_.clear();
    outbound_.stop();
    for (Alarm* const alarm : {&publish_alarm_, &workers_alarm_, &tend_alarm_, &wait_alarm_}) {
        alarm->cancel();
    }
    workers_.clear();
}

// ------------------------------------------------------------------------------------------------ what comes in

void Control::Engine::on_publish(std::string_view source, discovery::Publish publish) {
    const auto heard = steady_now();
    if (given_.log != nullptr) {
        given_.log->debug("source_published", {{"source", source}, {"query", publish.query}, {"cause", publish.cause}});
    }
    state_.said(source, publish.query);
    heard_from(source, publish);
    auto changes = pipeline_.apply(source, std::move(publish));
    if (!changes.upstreams.empty()) {
        changed_at_ = changed_at_.value_or(heard);
    }
    apply(std::move(changes));
    prober_.poke();
}

void Control::Engine::saw(const Seen& seen) {
    if (sightings_.push(seen)) {
        loop_.post([this] { on_sightings(); });
    }
}

void Control::Engine::on_sightings() {
    const Now now = both_clocks();
    told_by_ = {"traffic", {}, {}};
    Effects effects;
    for (const Seen& seen : sightings_.take()) {
        effects += book_.saw(seen.endpoint, seen.sighting, now);
    }
    apply(std::move(effects));
    prober_.poke();
}

void Control::Engine::on_probe(const ProbeOrder& order, const health::ProbeOutcome& outcome) {
    told_by_ = {"probe", {}, {}};
    apply(book_.probed(order, outcome, both_clocks()));
    prober_.poke();
}

void Control::Engine::follow_names() {
    const auto& wanted = pipeline_.host_names();
    std::erase_if(names_, [&wanted](const auto& item) { return !wanted.contains(item.first); });
    for (const auto& name : wanted) {
        if (!names_.contains(name)) {
            names_[name].again = std::make_unique<Alarm>(loop_);
            ask_name(name);
        }
    }
}

void Control::Engine::ask_name(const std::string& name) {
    resolver_.resolve(name, [this, name](const Lookup& lookup) { on_name(name, lookup); });
}

void Control::Engine::on_name(const std::string& name, const Lookup& lookup) {
    const auto found = names_.find(name);
    if (found == names_.end()) {
        return;
    }
    auto news = found->second.followed.answered(lookup);
    found->second.again->set(steady_now() + found->second.followed.wait(), [this, name] { ask_name(name); });
    if (news) {
        told_by_ = {"names", name, {}};
        apply(pipeline_.resolved(name, {std::move(news->addresses), std::move(news->error)}));
        prober_.poke();
    }
}

void Control::Engine::tend() {
    save_state(false);
    watch_freshness();
    told_by_ = {"clock", {}, {}};
    apply(book_.tend(both_clocks()));
    if (keeper_.poll()) {
        builder_.sweep();
    }
    prober_.poke();
    tend_at_ = steady_now() + tend_every;
    tend_alarm_.set(tend_at_, [this] { tend(); });
    tend_in_time();
}

/// Deadlines are not waited past for the sake of a round second.
void Control::Engine::tend_in_time() {
    const auto deadline = book_.next_deadline();
    if (started_ && deadline && *deadline < tend_at_) {
        tend_at_ = std::max(*deadline, steady_now() + config::Duration{1});
        tend_alarm_.set(tend_at_, [this] { tend(); });
    }
}

// ------------------------------------------------------------------------------------------------ what goes out

void Control::Engine::apply(discovery::Changes changes) {
    if (!changes.occasion.source.empty()) {
        told_by_ = std::move(changes.occasion);
    }
    Effects effects;
    for (const auto& name : changes.upstreams) {
        take_service(name, effects);
    }
    if (!changes.upstreams.empty()) {
        routes_dirty_ = true;
        publish_later(changes.urgent);
        const auto& routed = rendered_.routed;
        if (std::ranges::any_of(changes.upstreams, [&routed](const auto& name) { return !routed.contains(name); })) {
            render_routes();  // perhaps one leads there now: then it is probed from this moment on, not from the next snapshot
        }
    }
    apply(std::move(effects));
    if (changes.host_names && started_) {
        follow_names();
    }
}

void Control::Engine::take_service(const std::string& name, Effects& effects) {
    const auto& catalog = pipeline_.catalog();
    const auto found = catalog.find(name);
    const auto* const endpoints = found == catalog.end() ? nullptr : found->second.get();
    renderer_.set_service(name, endpoints);
    if (endpoints != nullptr && drains_.size() != 0) {
        drains_.follow(*endpoints);
    }
    const auto drained = endpoints == nullptr ? std::nullopt : drains_.over(*endpoints);
    effects += book_.update(settings_of(config_, name), drained ? &*drained : endpoints, both_clocks());
    dirty_.insert(name);
}

void Control::Engine::apply(Effects effects) {
    if (effects.move_waiting) {
        for (auto* const worker : workers_) {
            worker->move_waiting();
        }
    }
    if (!effects.abort.empty()) {
        for (auto* const worker : workers_) {
            worker->abort_endpoints(effects.abort);
        }
    }
    for (const auto& transition : effects.transitions) {
        log_transition(transition);
    }
    for (const auto& departure : effects.departures) {
        log_departure(departure);
    }
    if (!effects.services.empty()) {
        dirty_.merge(effects.services);
        publish_later(effects.urgent);
    }
    tend_in_time();
    for (const auto& [service, id] : effects.absent) {
        apply(pipeline_.probe_failed(service, id));
    }
}

void Control::Engine::publish_later(bool urgent) {
    if (!started_) {
        return;  // start() publishes
    }
    debounce_.changed(urgent, steady_now());
    publish_alarm_.set(debounce_.due().value_or(steady_now()), [this] { publish(); });
}

void Control::Engine::set_service(const std::string& name) {
    if (!pipeline_.catalog().contains(name)) {
        builder_.drop_service(name, steady_now());
        return;
    }
    auto members = book_.members(name);
    const bool served = std::any_of(members.begin(), members.end(), [](const auto& member) { return member.eligible; });
    const bool starting = !served && (!ready() || (!members.empty() && book_.awaits_admission(name)));
    builder_.set_service(settings_of(config_, name), std::move(members), starting, steady_now());
}

void Control::Engine::render_routes() {
    rendered_ = renderer_.render(config_, pipeline_.catalog());
    book_.set_routed(rendered_.routed);
    routes_dirty_ = false;
    routes_rendered_ = true;
}

void Control::Engine::publish() {
    const auto now = steady_now();
    debounce_.published(now);
    publish_alarm_.cancel();
    for (const auto& name : std::exchange(dirty_, {})) {
        set_service(name);
    }
    if (routes_dirty_) {
        render_routes();
        prober_.poke();
    }
    if (std::exchange(routes_rendered_, false)) {
        std::vector<config::Route> routes;
        routes.reserve(rendered_.routes.size());
        for (const auto& one : rendered_.routes) {
            routes.push_back(one.route);
        }
        builder_.set_routes(std::move(routes));
    }
    builder_.set_listeners(config_.listeners);
    builder_.set_headers(config_.headers);
    builder_.set_path(config_.path);
    const auto changed = std::exchange(changed_at_, {});
    if (!builder_.dirty()) {
        return;
    }
    keeper_.post(builder_.build());
    ++numbers_.snapshots_built;
    if (changed) {
        numbers_.propagation_us_sum += micros(steady_now() - *changed);
        ++numbers_.propagation_count;
    }
    if (started_) {
        posted_at_ = posted_at_.value_or(now);
        watch_workers();
    }
}

void Control::Engine::watch_workers() {
    if (keeper_.poll()) {
        builder_.sweep();
    }
    if (!keeper_.settled()) {
        workers_alarm_.set(steady_now() + look_at_workers, [this] { watch_workers(); });
    } else if (posted_at_) {
        numbers_.convergence_us_last = micros(steady_now() - *posted_at_);
        posted_at_.reset();
    }
}

bool Control::Engine::ready() const {
    return started_ && !draining_ && (waited_ || sources_.all_synced(excused_));
}

void Control::Engine::when_ready(std::function<void()> then) {
    on_ready_.push_back(std::move(then));
    if (ready()) {
        loop_.post([this] { became_ready(); });
    }
}

void Control::Engine::became_ready() {
    if (!ready()) {
        return;
    }
    if (!std::exchange(ready_told_, true)) {
        for (const auto& [name, endpoints] : pipeline_.catalog()) {
            dirty_.insert(name);
        }
        publish();
    }
    for (const auto& then : std::exchange(on_ready_, {})) {
        then();
    }
}

}  // namespace cardea::control
