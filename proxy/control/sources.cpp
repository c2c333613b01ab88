#include "proxy/control/sources.hpp"

#include "discovery/make_provider.hpp"

#include <functional>
#include <set>
#include <utility>

namespace cardea::control {

namespace {

/// Where things stand in a file is no reason to start a source anew.
template <typename Settings>
Settings without_origin(Settings settings) {
    settings.origin = {};
    return settings;
}

discovery::TokenReader token_reader(const config::ConsulSource& source, config::Files& files) {
    if (source.token_file.empty()) {
        return {};
    }
    return [path = source.token_file, &files]() -> config::Result<std::string> {
        auto content = files.read(path);
        if (!content) {
            return content;
        }
        const auto end = content->find_last_not_of(" \t\r\n");  // an editor's last line break is no part of it
        content->resize(end == std::string::npos ? 0 : end + 1);
        return content;
    };
}

}  // namespace

std::unique_ptr<discovery::Provider> SourceSet::make(const std::string& key, Source& source, std::vector<Place>& peers) {
    const std::uint64_t seed = world_.seed ^ std::hash<std::string>{}(key);
    if (const auto* consul = std::get_if<config::ConsulSource>(&source.settings)) {
        source.view.kind = "consul";
        for (const auto& address : consul->addresses) {
            peers.push_back({address, consul->tls});
        }
        return discovery::make_consul(*consul, token_reader(*consul, world_.files), seed);
    }
    if (const auto* docker = std::get_if<config::DockerSource>(&source.settings)) {
        source.view.kind = "docker";
        peers.push_back({docker->endpoint, docker->tls});
        return discovery::make_docker(*docker, world_.local_addresses, seed);
    }
    if (const auto* path = std::get_if<std::string>(&source.settings)) {
        source.view.kind = "file";
        return discovery::make_file(*path);
    }
    source.shown = false;
    const auto service = key.substr(key.find('/') + 1);
    return discovery::make_fixed(service, std::get<std::vector<config::StaticEndpoint>>(source.settings));
}

void SourceSet::configure(const config::Config& config) {
    std::map<std::string, Source> wanted;
    for (const auto& consul : config.discovery.consul) {
        wanted["consul:" + consul.name].settings = without_origin(consul);
    }
    for (const auto& docker : config.discovery.docker) {
        wanted["docker:" + docker.name].settings = without_origin(docker);
    }
    for (const auto& service : config.services) {
        std::vector<config::StaticEndpoint> endpoints;
        for (const auto& reference : service.endpoints) {
            if (const auto* file = std::get_if<config::FileRef>(&reference)) {
                wanted["file:" + file->path].settings = file->path;
            } else if (const auto* fixed = std::get_if<config::StaticEndpoint>(&reference)) {
                endpoints.push_back(*fixed);
            }
        }
        if (!endpoints.empty()) {
            wanted["static/" + service.name].settings = std::move(endpoints);
        }
    }
    for (auto old = sources_.begin(); old != sources_.end();) {
        const auto still = wanted.find(old->first);
        if (still != wanted.end() && still->second.settings == old->second.settings) {
            wanted.erase(still);
            ++old;
            continue;
        }
        if (const auto* path = std::get_if<std::string>(&old->second.settings)) {
            world_.watcher.unwatch(*path);
        }
        old = sources_.erase(old);
    }
    longest_answer_ = config.discovery.max_answer.count;
    for (auto& [key, source] : sources_) {
        source.driver->limit_answers(longest_answer_);
        source.driver->want(callbacks_.wanted(source.driver->source()));
    }
    for (auto& [key, source] : wanted) {
        std::vector<Place> peers;
        auto provider = make(key, source, peers);
        begin(key, std::move(source), std::move(provider), std::move(peers));
    }
}

void SourceSet::begin(const std::string& key, Source source, std::unique_ptr<discovery::Provider> provider, std::vector<Place> peers) {
    source.begun = std::chrono::steady_clock::now();
    source.view.name = key;
    ProviderDriver::Callbacks callbacks;
    const std::string name(provider->source());
    callbacks.publish = [this, name](discovery::Publish publish) { callbacks_.publish(name, std::move(publish)); };
    callbacks.status = [this, key](discovery::SourceStatus status) { on_status(key, std::move(status)); };
    callbacks.heard = [this, key] {
        if (const auto found = sources_.find(key); found != sources_.end()) {
            found->second.heard = std::chrono::steady_clock::now();
        }
    };
    callbacks.too_long = [this] { ++answers_too_long_; };
    source.driver =
        std::make_unique<ProviderDriver>(world_.loop, world_.outbound, std::move(provider), std::move(peers), std::move(callbacks));
    Source& kept = sources_[key] = std::move(source);
    kept.driver->limit_answers(longest_answer_);
    kept.driver->start();
    kept.driver->want(callbacks_.wanted(name));
    if (const auto* path = std::get_if<std::string>(&kept.settings)) {
        world_.watcher.watch(*path, [this, key](const discovery::FileChanged& event) {
            if (const auto found = sources_.find(key); found != sources_.end()) {
                found->second.heard = std::chrono::steady_clock::now();
                found->second.driver->file_changed(event);
            }
        });
    }
}

void SourceSet::on_status(const std::string& key, discovery::SourceStatus status) {
    const auto found = sources_.find(key);
    if (found == sources_.end()) {
        return;
    }
    Source& source = found->second;
    const SourceView before = source.view;
    SourceView& view = source.view;
    view.connected = status.connected;
    view.synced = status.synced;
    view.last_error = std::move(status.last_error);
    view.doubt = std::move(status.stale);
    view.revision = std::move(status.revision);
    view.errors = std::move(status.errors);
    view.skipped = std::move(status.skipped);
    view.notes = std::move(status.notes);
    if (view.synced && !view.first_sync) {
        view.first_sync = std::chrono::duration_cast<config::Duration>(std::chrono::steady_clock::now() - source.begun);
    }
    if (before.connected != view.connected || before.synced != view.synced || before.last_error != view.last_error) {
        callbacks_.changed(before, view);
    }
}

void SourceSet::stop() {
    for (const auto& [key, source] : sources_) {
        if (const auto* path = std::get_if<std::string>(&source.settings)) {
            world_.watcher.unwatch(*path);
        }
    }
    sources_.clear();
}

bool SourceSet::all_synced(const std::set<std::string>& excused) const {
    for (const auto& [key, source] : sources_) {
        if (source.shown && !source.view.synced && !excused.contains(key)) {
            return false;
        }
    }
    return true;
}

std::vector<SourceView> SourceSet::view(config::TimePoint now) const {
    std::vector<SourceView> views;
    for (const auto& [key, source] : sources_) {
        if (source.shown) {
            views.push_back(source.view);
            if (source.heard) {
                views.back().age = std::chrono::duration_cast<config::Duration>(now - *source.heard);
            }
        }
    }
    return views;
}

}  // namespace cardea::control
