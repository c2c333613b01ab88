#include "discovery/references.hpp"

#include "discovery/query.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace cardea::discovery {

namespace {

constexpr std::string_view consul_prefix = "consul:", docker_prefix = "docker:", file_prefix = "file:", fixed_source = "static";

/// The service that an answer is about when nobody asked for it by name: a source's own list made it.
std::optional<std::string> service_named_by(const Reference& reference) {
    if (reference.source.starts_with(docker_prefix)) {
        return reference.query;
    }
    if (reference.source.starts_with(consul_prefix)) {
        if (auto ref = parse_query(reference.query); ref && query_text({.service = ref->service}) == reference.query) {
            return ref->service;
        }
    }
    return std::nullopt;
}

}  // namespace

References::References(const config::Config& config) {
    for (const config::ConsulSource& source : config.discovery.consul) {
        sources_.insert(std::string{consul_prefix} + source.name);
    }
    for (const config::DockerSource& source : config.discovery.docker) {
        sources_.insert(std::string{docker_prefix} + source.name);
    }
    for (const config::Service& service : config.services) {
        for (const config::EndpointRef& endpoint : service.endpoints) {
            if (const auto* file = std::get_if<config::FileRef>(&endpoint)) {
                sources_.insert(std::string{file_prefix} + file->path);
            } else if (std::holds_alternative<config::StaticEndpoint>(endpoint)) {
                sources_.insert(std::string{fixed_source});
            }
        }
    }
    for (const config::Service& service : config.services) {
        std::vector<Reference>& references = upstreams_[service.name];
        for (const config::EndpointRef& endpoint : service.endpoints) {
            add(service, endpoint, references);
        }
        if (service.endpoints.empty()) {
            references = everywhere(service.name);
        }
        std::sort(references.begin(), references.end());
        references.erase(std::unique(references.begin(), references.end()), references.end());
    }
    for (const config::Route& route : config.routes) {
        if (const auto* to = std::get_if<config::ToService>(&route.action); to != nullptr && !upstreams_.contains(to->service)) {
            upstreams_.emplace(to->service, everywhere(to->service));
        }
    }
    for (const auto& [name, references] : upstreams_) {
        for (const Reference& reference : references) {
            users_[reference].insert(name);
        }
    }
}

void References::add(const config::Service& service, const config::EndpointRef& endpoint, std::vector<Reference>& out) const {
    const auto add_each = [this, &out](std::string_view prefix, const std::string& named, const std::string& query) {
        if (!named.empty()) {
            out.push_back({std::string{prefix} + named, query});
            return;
        }
        for (const std::string& source : sources_) {
            if (source.starts_with(prefix)) {
                out.push_back({source, query});
            }
        }
    };
    if (const auto* consul = std::get_if<config::ConsulRef>(&endpoint)) {
        add_each(consul_prefix, consul->source, query_text(*consul));
    } else if (const auto* docker = std::get_if<config::DockerRef>(&endpoint)) {
        add_each(docker_prefix, docker->source, docker->service);
    } else if (const auto* file = std::get_if<config::FileRef>(&endpoint)) {
        out.push_back({std::string{file_prefix} + file->path, file->path});
    } else {
        out.push_back({std::string{fixed_source}, service.name});
    }
}

std::vector<Reference> References::everywhere(const std::string& service) const {
    std::vector<Reference> all;
    for (const std::string& source : sources_) {
        if (source.starts_with(consul_prefix)) {
            all.push_back({source, query_text({.service = service})});
        } else if (source.starts_with(docker_prefix)) {
            all.push_back({source, service});
        }
    }
    return all;
}

std::vector<Reference> References::of(const std::string& upstream) const {
    const auto found = upstreams_.find(upstream);
    return found != upstreams_.end() ? found->second : everywhere(upstream);
}

std::set<std::string> References::users(const Reference& reference) const {
    std::set<std::string> names;
    if (const auto found = users_.find(reference); found != users_.end()) {
        names = found->second;
    }
    if (auto service = service_named_by(reference); service && !upstreams_.contains(*service)) {
        names.insert(std::move(*service));
    }
    return names;
}

std::vector<std::string> References::wanted(std::string_view source) const {
    std::vector<std::string> queries;
    for (const auto& [reference, users] : users_) {
        if (reference.source == source) {
            queries.push_back(reference.query);
        }
    }
    if (queries.empty() && upstreams_.empty() && source.starts_with(consul_prefix)) {
        queries.emplace_back(every_service);
    }
    return queries;
}

}  // namespace cardea::discovery
