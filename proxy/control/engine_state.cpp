// How the engine's sources are, how old their knowledge is, and what is remembered of it between runs.

#include "proxy/control/engine.hpp"
#include "proxy/observe/log.hpp"

#include <algorithm>
#include <utility>

namespace cardea::control {

namespace {

Now state_now() {
    return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()};
}

std::string count_of(std::size_t count) {
    return std::to_string(count) + (count == 1 ? " endpoint" : " endpoints");
}

}  // namespace

void Control::Engine::on_source(const SourceView& before, const SourceView& now) {
    if (before.connected != now.connected || before.synced != now.synced) {
        told_by_ = {now.name, now.last_error, {}};
        note(discovery::JournalEntry::Kind::source_state, !now.connected ? "lost" : now.synced ? "synced" : "connected");
    }
    if (given_.log != nullptr) {
        const auto size = pipeline_.size(now.name);
        if (!before.synced && now.synced) {
            given_.log->info("source_synced", {{"source", now.name},
                                               {"services", size.services},
                                               {"endpoints", size.instances},
                                               {"ms", now.first_sync.value_or(config::Duration{0}).count()}});
        } else if (before.connected && !now.connected) {
            given_.log->warning("source_lost", {{"source", now.name}, {"error", now.last_error}});
        } else if (!before.connected && now.connected) {
            given_.log->info("source_connected", {{"source", now.name}});
        } else if (!now.connected && before.last_error != now.last_error) {
            given_.log->warning("source_error", {{"source", now.name}, {"error", now.last_error}});
        }
    }
    if (!before.synced && now.synced && now.kind == "docker") {
        apply(pipeline_.synced(now.name));  // an engine lists everything: what it did not name is gone
    }
    if (before.synced != now.synced) {
        for (const auto& [name, endpoints] : pipeline_.catalog()) {
            dirty_.insert(name);  // `starting` may be over
        }
        publish_later(false);
        loop_.post([this] { became_ready(); });
    }
}

void Control::Engine::restore_state() {
    state_.recall(config_, state_now().wall,
                  [this](const std::string& source, const std::string& query, std::vector<discovery::Fact> facts) {
                      apply(pipeline_.restore(source, query, std::move(facts)));
                  });
    for (const auto& source : state_.recalled()) {
        if (pipeline_.knows_enough(source)) {
            excused_.insert(source);
        }
    }
}

StateStore::Truth Control::Engine::truth() const {
    return {[this](const std::string& source, const std::string& query) { return pipeline_.sound_facts(source, query); },
            [this](const std::string& source) {
                const auto views = sources_.view({});
                return std::any_of(views.begin(), views.end(),
                                   [&source](const auto& view) { return view.name == source && view.connected; });
            }};
}

void Control::Engine::save_state(bool all) {
    if (all) {
        state_.flush(state_now(), truth());
    } else {
        state_.tend(state_now(), truth());
    }
}

void Control::Engine::forget_state() {
    std::set<std::string> sources;
    for (const auto& view : sources_.view({})) {
        sources.insert(view.name);
    }
    state_.recall(config_, state_now().wall, {});
    state_.forget_others(
        sources, [this](const std::string& source, const std::string& query) { return pipeline_.answered_or_restored(source, query); });
}

/// How far its knowledge can be relied on: `fresh`, `lost`, or something in between, with the reason.
void Control::Engine::judge_freshness(SourceView& view) const {
    const auto size = pipeline_.size(view.name);
    view.services = size.services;
    view.endpoints = size.instances;
    view.held = size.held;
    view.restored = size.restored;
    if (!view.synced) {
        view.freshness = size.restored > 0 ? "restored" : "waiting";
        view.stale = size.restored > 0 ? count_of(size.restored) + " known from the state on disk alone" : "";
    } else if (!view.connected) {
        view.freshness = "lost";
        view.stale = view.last_error;
    } else if (!view.doubt.empty()) {
        view.freshness = "doubtful";
        view.stale = view.doubt;
    } else if (size.held > 0) {
        view.freshness = "held";
        view.stale = count_of(size.held) + " kept while probes succeed: its last answer lacks them on weak evidence";
    } else {
        view.freshness = "fresh";
        view.stale.clear();
    }
}

/// Tells every change of freshness once.
void Control::Engine::watch_freshness() {
    for (const auto& view : sources()) {
        std::string& told = freshness_[view.name];
        if (told == view.freshness) {
            continue;
        }
        const std::string former = std::exchange(told, view.freshness);
        const bool known = former == "lost" || former == "waiting" || former.empty();  // source_lost and source_synced say it
        if (view.freshness == "waiting" || view.freshness == "lost" || (view.freshness == "fresh" && known)) {
            continue;
        }
        if (given_.log != nullptr && view.freshness == "fresh") {
            given_.log->info("source_fresh", {{"source", view.name}});
        } else if (given_.log != nullptr) {
            given_.log->warning("source_stale", {{"source", view.name}, {"freshness", view.freshness}, {"why", view.stale}});
        }
        told_by_ = {view.name, view.stale, {}};
        note(discovery::JournalEntry::Kind::source_state, view.freshness);
    }
}

}  // namespace cardea::control
