// The workers' counters as metric families and as nginx's stub_status.
#include "proxy/observe/exposition.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

namespace cardea::observe {

namespace {

using Workers = std::span<const WorkerMetrics* const>;

std::uint64_t total(Workers workers, Counter WorkerMetrics::* counter) {
    std::uint64_t sum = 0;
    for (const auto* worker : workers) {
        sum += (worker->*counter).get();
    }
    return sum;
}

Sample labelled(std::string name, std::string_view value, std::uint64_t number) {
    return {{{std::move(name), std::string(value)}}, static_cast<double>(number), 0, {}};
}

std::uint64_t errors_of(Workers workers, http::Reason reason) {
    std::uint64_t sum = 0;
    for (const auto* worker : workers) {
        sum += worker->errors[static_cast<std::size_t>(reason)].get();
    }
    return sum;
}

std::string_view method_word(http::Method method) {
    static constexpr std::array<std::string_view, 10> words{"GET",     "HEAD",  "POST",    "PUT",   "DELETE",
                                                            "OPTIONS", "TRACE", "CONNECT", "PATCH", "other"};
    const auto index = static_cast<std::size_t>(method);
    return index < words.size() ? words[index] : "other";
}

Family errors_family(Workers workers) {
    Family family{"cardea_errors_total", "Exchanges that ended with an answer of our own, by reason.", Family::Kind::counter, {}};
    for (auto i = static_cast<std::size_t>(http::Reason::none) + 1; i < static_cast<std::size_t>(http::Reason::count_); ++i) {
        const auto reason = static_cast<http::Reason>(i);
        family.samples.push_back(labelled("reason", http::name_of(reason), errors_of(workers, reason)));
    }
    return family;
}

Family lost_family(Workers workers) {
    Family family{"cardea_requests_lost_total",
                  "Requests that an endpoint failed and no other could take over, by what kept them from it.",
                  Family::Kind::counter,
                  {}};
    for (std::size_t i = 1; i < static_cast<std::size_t>(Loss::count_); ++i) {
        std::uint64_t sum = 0;
        for (const auto* worker : workers) {
            sum += worker->lost[i].get();
        }
        family.samples.push_back(labelled("why", name_of(static_cast<Loss>(i)), sum));
    }
    return family;
}

Family no_limits() {
    return {"cardea_limit_rejected_total", "Connections, requests and answers that met a limit, by limit.", Family::Kind::counter, {}};
}

/// Those of a request's head and body are reasons of answers too.
Family limits_family(Workers workers) {
    Family family = no_limits();
    for (std::size_t i = 0; i < static_cast<std::size_t>(Limit::count_); ++i) {
        std::uint64_t sum = 0;
        for (const auto* worker : workers) {
            sum += worker->limits[i].get();
        }
        family.samples.push_back(labelled("limit", name_of(static_cast<Limit>(i)), sum));
    }
    constexpr std::array<std::pair<std::string_view, http::Reason>, 5> answers{{{"max_request_line", http::Reason::uri_too_long},
                                                                                {"max_headers", http::Reason::headers_too_large},
                                                                                {"max_header_count", http::Reason::too_many_headers},
                                                                                {"max_header_line", http::Reason::header_line_too_long},
                                                                                {"max_body", http::Reason::body_too_large}}};
    for (const auto& [name, reason] : answers) {
        family.samples.push_back(labelled("limit", name, errors_of(workers, reason)));
    }
    return family;
}

Family queue_family(Workers workers) {
    return {"cardea_queue_left_total",
            "Requests that left the queue of a service without endpoints, by how; full: those that found no place in it.",
            Family::Kind::counter,
            {labelled("how", "served", total(workers, &WorkerMetrics::queue_served)),
             labelled("how", "timed_out", total(workers, &WorkerMetrics::queue_timed_out)),
             labelled("how", "client_gone", total(workers, &WorkerMetrics::queue_left)),
             labelled("how", "full", total(workers, &WorkerMetrics::queue_full))}};
}

template <typename Histogram>
Family histogram_family(Workers workers, std::string name, std::string help, Histogram WorkerMetrics::* histogram) {
    constexpr auto& bounds_us = Histogram::bounds;
    Family family{std::move(name), std::move(help), Family::Kind::histogram, {}};
    Sample sample;
    std::uint64_t sum_us = 0;
    for (std::size_t i = 0; i <= bounds_us.size(); ++i) {
        for (const auto* worker : workers) {
            sample.count += (worker->*histogram).buckets[i].get();
        }
        if (i < bounds_us.size()) {
            sample.buckets.emplace_back(static_cast<double>(bounds_us[i]) / 1e6, sample.count);
        }
    }
    for (const auto* worker : workers) {
        sum_us += (worker->*histogram).sum_us.get();
    }
    sample.value = static_cast<double>(sum_us) / 1e6;
    family.samples.push_back(std::move(sample));
    return family;
}

/// 1 while there was no request yet.
Family reuse_family(Workers workers) {
    const auto reused = static_cast<double>(total(workers, &WorkerMetrics::upstream_reuses));
    const auto made = static_cast<double>(total(workers, &WorkerMetrics::upstream_connects));
    return single(Family::Kind::gauge, "cardea_connection_reuse_ratio",
                  "Share of the requests sent to endpoints that went over a kept connection, since the start.",
                  reused + made > 0 ? reused / (reused + made) : 1);
}

struct Plain {
    std::string_view name;
    std::string_view help;
    Family::Kind kind;
    Counter WorkerMetrics::* counter;
};

constexpr std::array plain_families{
    Plain{"cardea_requests_in_flight", "Exchanges that have begun and not ended.", Family::Kind::gauge, &WorkerMetrics::in_flight},
    Plain{"cardea_connections_accepted_total", "Client connections accepted.", Family::Kind::counter, &WorkerMetrics::accepted},
    Plain{"cardea_connections_handled_total", "Client connections served; less than accepted when a limit was reached.",
          Family::Kind::counter, &WorkerMetrics::handled},
    Plain{"cardea_tunnels", "Upgraded connections (WebSocket) open now.", Family::Kind::gauge, &WorkerMetrics::tunnels},
    Plain{"cardea_upstream_connects_total", "Connections made to endpoints.", Family::Kind::counter, &WorkerMetrics::upstream_connects},
    Plain{"cardea_upstream_connect_failures_total", "Attempts to connect that failed.", Family::Kind::counter,
          &WorkerMetrics::upstream_connect_failures},
    Plain{"cardea_upstream_reuses_total", "Requests sent over a kept connection.", Family::Kind::counter, &WorkerMetrics::upstream_reuses},
    Plain{"cardea_retries_total", "Requests sent to another endpoint or once more.", Family::Kind::counter, &WorkerMetrics::retries},
    Plain{"cardea_requests_moved_total", "Requests taken from an endpoint that was suspended or went away and sent to another.",
          Family::Kind::counter, &WorkerMetrics::moved},
    Plain{"cardea_queue_requests", "Requests that wait for an endpoint of their service to come back.", Family::Kind::gauge,
          &WorkerMetrics::queue_requests},
    Plain{"cardea_queue_bytes", "Bytes received of the requests that wait.", Family::Kind::gauge, &WorkerMetrics::queue_bytes},
    Plain{"cardea_queued_total", "Requests that waited for an endpoint to come back.", Family::Kind::counter, &WorkerMetrics::queued},
    Plain{"cardea_retry_budget_exhausted_total", "Retries not made because the budget was spent.", Family::Kind::counter,
          &WorkerMetrics::retry_budget_exhausted},
    Plain{"cardea_request_bytes_total", "Bytes received from clients, heads included.", Family::Kind::counter,
          &WorkerMetrics::bytes_received},
    Plain{"cardea_response_bytes_total", "Bytes sent to clients, heads included.", Family::Kind::counter, &WorkerMetrics::bytes_sent},
    Plain{"cardea_access_log_dropped_total", "Access log lines dropped because the output was too slow.", Family::Kind::counter,
          &WorkerMetrics::log_lines_dropped},
    Plain{"cardea_buffered_bytes", "Bytes of messages in memory: heads, bodies kept for a repeat, what nobody takes at the moment.",
          Family::Kind::gauge, &WorkerMetrics::buffered},
    Plain{"cardea_accept_paused_total", "Times accepting paused: at a limit, or no descriptor was left.", Family::Kind::counter,
          &WorkerMetrics::accept_paused},
};

}  // namespace

void add_request_family(Workers workers, const RequestNames& names, Families& out) {
    std::map<RequestKey, std::uint64_t> sums;
    std::uint64_t others = 0;
    for (const auto* worker : workers) {
        worker->answered.add_to(sums, others);
    }
    Family family{
        "cardea_requests_total",
        "Requests that have ended, by where they came in, where they went and the status sent; code none: the client left before one.",
        Family::Kind::counter,
        {}};
    for (const auto& [key, count] : sums) {
        const std::string route = names.routes.name_of(key.route);
        const auto border = route.find('\n');
        family.samples.push_back({{{"listener", names.listeners.name_of(key.listener)},
                                   {"route", route.substr(0, border)},
                                   {"service", border == std::string::npos ? "" : route.substr(border + 1)},
                                   {"method", std::string(method_word(key.method))},
                                   {"code", key.status == 0 ? "none" : std::to_string(key.status)}},
                                  static_cast<double>(count),
                                  0,
                                  {}});
    }
    if (others > 0) {
        family.samples.push_back(
            {{{"listener", "others"}, {"route", "others"}, {"service", "others"}, {"method", "others"}, {"code", "others"}},
             static_cast<double>(others),
             0,
             {}});
    }
    out.push_back(std::move(family));
}

void add_listener_family(Workers workers, const Names& listeners, Families& out) {
    Family family{"cardea_listener_connections", "Client connections open now, by the listener they came in at.", Family::Kind::gauge, {}};
    for (std::uint16_t number = 1; number < std::tuple_size_v<decltype(WorkerMetrics::listener_connections)>; ++number) {
        std::uint64_t sum = 0;
        for (const auto* worker : workers) {
            sum += worker->listener_connections[number].get();
        }
        const std::string name = listeners.name_of(number);
        if (sum > 0 || name != "others") {
            family.samples.push_back(labelled("listener", name, sum));
        }
    }
    out.push_back(std::move(family));
}

void add_limit(std::string_view name, std::uint64_t met, Families& out) {
    const Family none = no_limits();
    auto family = std::ranges::find(out, none.name, &Family::name);
    if (family == out.end()) {
        family = out.insert(out.end(), none);
    }
    family->samples.push_back(labelled("limit", name, met));
}

void add_worker_families(Workers workers, Families& out) {
    out.push_back(histogram_family(workers, "cardea_request_duration_seconds",
                                   "From the first byte of a request to the last of its answer.", &WorkerMetrics::request_duration));
    out.push_back(histogram_family(workers, "cardea_proxy_overhead_seconds",
                                   "What a worker spent on a request, without its waits for client and endpoint; of one request in 16.",
                                   &WorkerMetrics::proxy_overhead));
    out.push_back(reuse_family(workers));
    out.push_back(histogram_family(workers, "cardea_upstream_connect_seconds", "Connects to endpoints that succeeded.",
                                   &WorkerMetrics::upstream_connect));
    out.push_back(histogram_family(workers, "cardea_upstream_first_byte_seconds",
                                   "From the beginning of an attempt to the final head of its answer.",
                                   &WorkerMetrics::upstream_first_byte));
    out.push_back(histogram_family(workers, "cardea_loop_lag_seconds",
                                   "How long what was ready for a worker waited at most for its round, by rounds.",
                                   &WorkerMetrics::loop_lag));
    out.push_back(histogram_family(workers, "cardea_snapshot_apply_seconds",
                                   "How long a worker did nothing else because a new snapshot came.", &WorkerMetrics::snapshot_apply));
    out.push_back(errors_family(workers));
    out.push_back(single(Family::Kind::counter, "cardea_no_route_total", "Requests that no route matches.",
                         static_cast<double>(errors_of(workers, http::Reason::no_route))));
    out.push_back(lost_family(workers));
    out.push_back(queue_family(workers));
    out.push_back(limits_family(workers));
    out.push_back({"cardea_connections",
                   "Client connections open now; active counts all, the others say what they are at.",
                   Family::Kind::gauge,
                   {labelled("state", "active", total(workers, &WorkerMetrics::connections_active)),
                    labelled("state", "idle", total(workers, &WorkerMetrics::connections_idle)),
                    labelled("state", "reading", total(workers, &WorkerMetrics::reading)),
                    labelled("state", "writing", total(workers, &WorkerMetrics::writing))}});
    const auto idle = total(workers, &WorkerMetrics::upstream_idle);
    const auto all = total(workers, &WorkerMetrics::upstream_connections);
    out.push_back({"cardea_upstream_connections",
                   "Connections to endpoints, busy with a request or kept for the next.",
                   Family::Kind::gauge,
                   {labelled("state", "idle", idle), labelled("state", "busy", all - std::min(all, idle))}});
    for (const auto& plain : plain_families) {
        out.push_back(
            single(plain.kind, std::string(plain.name), std::string(plain.help), static_cast<double>(total(workers, plain.counter))));
    }
}

std::string stub_status(Workers workers) {
    const auto number = [workers](Counter WorkerMetrics::* counter) { return std::to_string(total(workers, counter)); };
    return "Active connections: " + number(&WorkerMetrics::connections_active) + " \nserver accepts handled requests\n " +
           number(&WorkerMetrics::accepted) + " " + number(&WorkerMetrics::handled) + " " + number(&WorkerMetrics::requests) +
           " \nReading: " + number(&WorkerMetrics::reading) + " Writing: " + number(&WorkerMetrics::writing) +
           " Waiting: " + number(&WorkerMetrics::connections_idle) + " \n";
}

}  // namespace cardea::observe
