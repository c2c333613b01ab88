#include "proxy/admin/pages.hpp"

#include "config/json.hpp"
#include "config/moment.hpp"
#include "config/text.hpp"
#include "proxy/admin/control_families.hpp"
#include "proxy/admin/journal_json.hpp"
#include "proxy/admin/views_json.hpp"
#include "proxy/observe/exposition.hpp"

#include <unistd.h>
#include <algorithm>
#include <array>

namespace cardea::admin {

namespace {

enum class Page : std::uint8_t {
    livez,
    readyz,
    metrics,
    nginx_status,
    version,
    listeners,
    routes,
    services,
    endpoints,
    sources,
    problems,
    events,
    history,
    drain,
    undrain,
    reload
};

struct Entry {
    std::string_view path;  ///< `*` stands for one percent-encoded name
    Page page;
    bool changes;  ///< POST; everything else is read with GET and HEAD
};

constexpr std::array entries{
    Entry{"/livez", Page::livez, false},
    Entry{"/readyz", Page::readyz, false},
    Entry{"/metrics", Page::metrics, false},
    Entry{"/nginx_status", Page::nginx_status, false},
    Entry{"/v1/version", Page::version, false},
    Entry{"/v1/listeners", Page::listeners, false},
    Entry{"/v1/routes", Page::routes, false},
    Entry{"/v1/services", Page::services, false},
    Entry{"/v1/endpoints", Page::endpoints, false},
    Entry{"/v1/sources", Page::sources, false},
    Entry{"/v1/problems", Page::problems, false},
    Entry{"/v1/events", Page::events, false},
    Entry{"/v1/history/*", Page::history, false},
    Entry{"/v1/endpoints/*/drain", Page::drain, true},
    Entry{"/v1/endpoints/*/undrain", Page::undrain, true},
    Entry{"/v1/config/reload", Page::reload, true},
};

Answer refusal(std::uint16_t status, std::string_view what) {
    Answer answer;
    answer.status = status;
    answer.body = error_json(what);
    return answer;
}

Answer json_answer(std::string body) {
    Answer answer;
    answer.body = std::move(body);
    return answer;
}

Answer text_answer(std::string body, std::string type = "text/plain; charset=utf-8") {
    Answer answer;
    answer.type = std::move(type);
    answer.body = std::move(body);
    return answer;
}

Answer no_such_page() {
    std::string paths;
    for (const auto& entry : entries) {
        paths += " ";
        paths += entry.path;
    }
    return refusal(404, "no such page; there are" + paths);
}

/// The name that `*` stands for, empty where there is none to have; nothing when the path is another.
std::optional<std::string> name_in(std::string_view pattern, std::string_view path) {
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) {
        return pattern == path ? std::optional<std::string>("") : std::nullopt;
    }
    const auto before = pattern.substr(0, star), after = pattern.substr(star + 1);
    if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after)) {
        return std::nullopt;
    }
    const auto name = path.substr(before.size(), path.size() - before.size() - after.size());
    return name.find('/') == std::string_view::npos ? config::percent_decode(name) : std::nullopt;
}

/// `a=b&c=d`: the decoded value of the first `name`; empty without one.
std::string parameter(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const auto part = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(part.size() + 1, query.size()));
        if (part.starts_with(name) && part.size() > name.size() && part[name.size()] == '=') {
            return config::percent_decode(part.substr(name.size() + 1)).value_or("");
        }
    }
    return {};
}

bool method_fits(const Entry& entry, std::string_view method) {
    return entry.changes ? method == "POST" : method == "GET" || method == "HEAD";
}

}  // namespace

bool from_this_machine(const Request& request) {
    if (request.over_unix_socket) {
        return true;  // no browser speaks to it, and its file's mode has decided already
    }
    if (!config::parse_ip(request.host) && config::ascii_lower(request.host) != "localhost") {
        return false;
    }
    return request.origin.data() == nullptr || request.origin == "http://" + std::string(request.authority);
}

Answer Pages::answer(const Request& request, config::WallTime now) const {
    if (!from_this_machine(request)) {
        return refusal(403, "Host must be an IP address or localhost, and Origin, when sent, this very door");
    }
    std::string name;
    const auto* const entry = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) {
        const auto found = name_in(e.path, request.path);
        name = found.value_or(std::string{});
        return found.has_value();
    });
    if (entry == entries.end()) {
        return no_such_page();
    }
    if (!method_fits(*entry, request.method)) {
        Answer answer = refusal(405, entry->changes ? "this changes something: use POST" : "this is read with GET");
        answer.allow = entry->changes ? "POST" : "GET, HEAD";
        return answer;
    }
    const auto* const control = facts_.control;
    switch (entry->page) {
        case Page::livez:
            return text_answer("ok\n");
        case Page::readyz:
            return readyz();
        case Page::metrics:
            return metrics(now);
        case Page::nginx_status:
            return text_answer(observe::stub_status(facts_.workers), "text/plain");
        case Page::version:
            return version();
        case Page::listeners:
            return json_answer(listeners_json(control->listeners()));
        case Page::routes:
            return json_answer(routes_json(control->routes()));
        case Page::services:
            return json_answer(services_json(control->services()));
        case Page::endpoints:
            return json_answer(endpoints_json(control->endpoints()));
        case Page::sources:
            return json_answer(sources_json(control->sources()));
        case Page::problems:
            return json_answer(problems_json(control->problems()));
        case Page::events:
            return events(request, now);
        case Page::history:
            return history(request, name, now);
        case Page::drain:
            return drain(request, name, true);
        case Page::undrain:
            return drain(request, name, false);
        case Page::reload:
            return reload();
    }
    return no_such_page();
}

Answer Pages::readyz() const {
    if (facts_.control->ready()) {
        return text_answer("ok\n");
    }
    std::string body = "not ready\n";
    for (const auto& source : facts_.control->sources()) {
        if (!source.synced) {
            body += source.name + ": " + (source.last_error.empty() ? "no complete answer yet" : source.last_error) + "\n";
        }
    }
    Answer answer = text_answer(std::move(body));
    answer.status = 503;
    return answer;
}

Answer Pages::metrics(config::WallTime now) const {
    using observe::Family;
    observe::Families families;
    families.push_back({"cardea_build_info", "The version that runs.", Family::Kind::gauge, {{{{"version", CARDEA_VERSION}}, 1, 0, {}}}});
    observe::add_request_family(facts_.workers, facts_.control->request_names(), families);
    observe::add_worker_families(facts_.workers, families);
    observe::add_listener_family(facts_.workers, facts_.control->request_names().listeners, families);
    add_upstream_families(*facts_.control->snapshot(), std::chrono::steady_clock::now(), families);
    add_endpoint_families(facts_.control->endpoints(), families);
    add_source_families(facts_.control->sources(), now, families);
    add_control_families(facts_.control->numbers(), families);
    add_journal_families(*facts_.journal, facts_.journal_lost(), families);
    const auto door = facts_.door();
    observe::add_limit("admin_max_connections", door.connections_refused, families);
    observe::add_limit("admin_max_followers", door.followers_refused, families);
    observe::add_limit("admin_max_request", door.requests_too_long, families);
    families.push_back(observe::single(Family::Kind::gauge, "cardea_event_followers", "Readers that follow the journal.",
                                       static_cast<double>(door.followers)));
    families.push_back(observe::single(Family::Kind::counter, "cardea_event_followers_dropped_total",
                                       "Of these, dropped for being too slow.", static_cast<double>(door.followers_dropped)));
    families.push_back(observe::single(Family::Kind::counter, "cardea_access_log_lost_total", "Access log lines that the output refused.",
                                       static_cast<double>(facts_.access_log_lost())));
    families.push_back(observe::single(Family::Kind::counter, "cardea_log_dropped_total", "Log lines dropped because nobody took them.",
                                       static_cast<double>(facts_.log->dropped())));
    observe::add_process_families(families);
    return text_answer(observe::exposition(families), "text/plain; version=0.0.4; charset=utf-8");
}

Answer Pages::events(const Request& request, config::WallTime now) const {
    const std::string since = parameter(request.query, "since"), after = parameter(request.query, "after"),
                      most = parameter(request.query, "limit"), service = parameter(request.query, "service");
    constexpr std::uint64_t limit_default = 1'000, limit_max = 10'000;
    const auto from = since.empty() ? config::Result<config::WallTime>(config::WallTime::min()) : config::parse_moment(since, now);
    const auto limit = most.empty() ? config::Result<std::uint64_t>(limit_default) : config::parse_unsigned(most, limit_max);
    const std::string_view named = request.last_id.empty() ? std::string_view(after) : request.last_id;
    const auto id = named.empty() ? config::Result<std::uint64_t>(0) : config::parse_unsigned(named, ~std::uint64_t{0} - 1);
    if (!from) {
        return refusal(400, "since: " + from.error().what + "; " + from.error().hint);
    }
    if (!limit || !id) {
        return refusal(400, "limit is a number up to 10000, after and Last-Event-ID are ids of entries");
    }
    if (request.accept.find("text/event-stream") == std::string_view::npos) {
        return json_answer(events_json(*facts_.journal, facts_.journal->find({service, *id, *from, static_cast<std::size_t>(*limit)})));
    }
    Answer answer;
    answer.type = "text/event-stream";
    answer.follow.emplace();
    answer.follow->service = service;
    answer.follow->since = *from;
    answer.follow->resumed = !named.empty();
    // Without a place to begin: what happens from now on.
    answer.follow->after = answer.follow->resumed ? *id : since.empty() ? facts_.journal->last_id() : facts_.journal->first_id() - 1;
    return answer;
}

Answer Pages::history(const Request& request, const std::string& service, config::WallTime now) const {
    const std::string at = parameter(request.query, "at");
    const auto when = at.empty() ? config::Result<config::WallTime>(now) : config::parse_moment(at, now);
    if (!when) {
        return refusal(400, "at: " + when.error().what + "; " + when.error().hint);
    }
    if (!facts_.journal->knows(service)) {
        return refusal(404, "the journal knows no service of that name");
    }
    const auto members = facts_.journal->set_at(service, *when);
    Answer answer = json_answer(history_json(*facts_.journal, service, *when, members ? &*members : nullptr));
    answer.status = members ? 200 : 404;
    return answer;
}

Answer Pages::drain(const Request& request, const std::string& endpoint, bool on) const {
    const std::string service = parameter(request.query, "service");
    const auto done = on ? facts_.control->drain_endpoint(endpoint, service) : facts_.control->undrain_endpoint(endpoint, service);
    return done ? json_answer(drains_json(*done))
                : refusal(404, done.error().what + (done.error().hint.empty() ? "" : "; " + done.error().hint));
}

Answer Pages::version() const {
    std::string out;
    config::json::Writer json(out);
    json.begin_object().member("version", CARDEA_VERSION).member("pid", ::getpid()).member("started", config::utc_text(facts_.started));
    json.member("config_generation", facts_.control->numbers().config_generation).member("ready", facts_.control->ready()).end_object();
    return json_answer(out + "\n");
}

Answer Pages::reload() const {
    const auto report = facts_.reload();
    std::string out;
    config::json::Writer json(out);
    json.begin_object().member("applied", report.has_value());
    if (report) {
        json.member("changes", *report);
    } else {
        json.member("error", report.error().what).member("hint", report.error().hint);
    }
    json.member("config_generation", facts_.control->numbers().config_generation).end_object();
    Answer answer = json_answer(out + "\n");
    answer.status = report ? 200 : 422;
    return answer;
}

}  // namespace cardea::admin
