#include "proxy/admin/views_json.hpp"

#include "config/json.hpp"
#include "config/moment.hpp"

#include <map>
#include <optional>

namespace cardea::admin {

namespace {

using config::json::Writer;

void write_strings(Writer& json, std::string_view name, const std::vector<std::string>& values) {
    json.key(name).begin_array();
    for (const auto& value : values) {
        json.value(value);
    }
    json.end_array();
}

void write_counts(Writer& json, std::string_view name, const std::map<std::string, std::uint64_t>& counts) {
    json.key(name).begin_object();
    for (const auto& [key, count] : counts) {
        json.member(key, count);
    }
    json.end_object();
}

void write_milliseconds(Writer& json, std::string_view name, const std::optional<config::Duration>& duration) {
    json.key(name);
    if (duration) {
        json.value(duration->count());
    } else {
        json.null();
    }
}

/// `{"NAME":[…]}` with one object an item.
template <typename Items, typename Write>
std::string list_json(std::string_view name, const Items& items, Write write) {
    std::string out;
    Writer json(out);
    json.begin_object().key(name).begin_array();
    for (const auto& item : items) {
        json.begin_object();
        write(json, item);
        json.end_object();
    }
    json.end_array().end_object();
    out += '\n';
    return out;
}

}  // namespace

std::string sources_json(const std::vector<control::SourceView>& sources) {
    return list_json("sources", sources, [](Writer& json, const control::SourceView& source) {
        json.member("name", source.name).member("kind", source.kind);
        json.member("connected", source.connected).member("synced", source.synced);
        write_milliseconds(json, "first_sync_ms", source.first_sync);
        write_milliseconds(json, "age_ms", source.age);
        json.member("services", source.services).member("endpoints", source.endpoints);
        json.member("freshness", source.freshness).member("stale", source.stale);
        json.member("held", source.held).member("restored", source.restored);
        json.member("revision", source.revision).member("last_error", source.last_error);
        write_counts(json, "errors", source.errors);
        write_counts(json, "skipped", source.skipped);
        write_strings(json, "notes", source.notes);
    });
}

std::string services_json(const std::vector<control::ServiceView>& services) {
    return list_json("services", services, [](Writer& json, const control::ServiceView& service) {
        json.member("name", service.name).member("balance", service.balance);
        json.member("endpoints", service.endpoints).member("eligible", service.eligible);
        json.member("starting", service.starting).member("routed", service.routed);
    });
}

std::string endpoints_json(const std::vector<control::EndpointView>& endpoints) {
    return list_json("endpoints", endpoints, [](Writer& json, const control::EndpointView& endpoint) {
        json.member("service", endpoint.service).member("id", endpoint.id);
        write_strings(json, "addresses", endpoint.addresses);
        json.member("state", endpoint.state).member("why", endpoint.why).member("since", config::utc_text(endpoint.since));
        json.member("weight", endpoint.weight).member("in_flight", endpoint.in_flight);
        json.member("requests", endpoint.requests).member("failures", endpoint.failures);
        write_strings(json, "witnesses", endpoint.witnesses);
        json.member("held", endpoint.held).member("restored", endpoint.restored).member("dispute", endpoint.dispute);
    });
}

std::string routes_json(const std::vector<control::RouteView>& routes) {
    return list_json("routes", routes, [](Writer& json, const control::RouteView& route) {
        json.member("name", route.name).member("match", route.match).member("action", route.action).member("from", route.from);
    });
}

std::string listeners_json(const std::vector<control::ListenerView>& listeners) {
    return list_json("listeners", listeners, [](Writer& json, const control::ListenerView& listener) {
        json.member("name", listener.name).member("address", listener.address);
    });
}

std::string problems_json(const std::vector<std::string>& problems) {
    std::string out;
    Writer json(out);
    json.begin_object();
    write_strings(json, "problems", problems);
    json.end_object();
    out += '\n';
    return out;
}

std::string error_json(std::string_view what) {
    std::string out;
    Writer(out).begin_object().member("error", what).end_object();
    out += '\n';
    return out;
}

}  // namespace cardea::admin
