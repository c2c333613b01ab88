#include "proxy/admin/pages.hpp"

#include "config/json.hpp"
#include "config/text.hpp"
#include "proxy/admin/control_families.hpp"
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
    reload
};

struct Entry {
    std::string_view path;
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
    const auto* const entry = std::find_if(entries.begin(), entries.end(), [&request](const Entry& e) { return e.path == request.path; });
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
    observe::add_worker_families(facts_.workers, families);
    add_endpoint_families(facts_.control->endpoints(), families);
    add_source_families(facts_.control->sources(), now, families);
    add_control_families(facts_.control->numbers(), families);
    families.push_back(observe::single(Family::Kind::counter, "cardea_log_dropped_total", "Log lines dropped because nobody took them.",
                                       static_cast<double>(facts_.log->dropped())));
    observe::add_process_families(families);
    return text_answer(observe::exposition(families), "text/plain; version=0.0.4; charset=utf-8");
}

Answer Pages::version() const {
    std::string out;
    config::json::Writer json(out);
    json.begin_object().member("version", CARDEA_VERSION).member("pid", ::getpid()).member("started", utc_text(facts_.started));
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
