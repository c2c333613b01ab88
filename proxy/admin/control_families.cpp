#include "proxy/admin/control_families.hpp"

#include <array>
#include <map>
#include <string>
#include <utility>

namespace cardea::admin {

namespace {

using observe::Families;
using observe::Family;
using observe::MetricLabels;
using observe::Sample;

constexpr auto counter = Family::Kind::counter;
constexpr auto gauge = Family::Kind::gauge;

double number(std::uint64_t value) {
    return static_cast<double>(value);
}

Sample sample(MetricLabels labels, double value) {
    return {std::move(labels), value, 0, {}};
}

/// One number of every endpoint, those beyond the cap summed up by service.
template <typename Number>
Family endpoint_family(const std::vector<control::EndpointView>& endpoints, Family family, Number number_of) {
    std::map<std::string, double> others;
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        const auto& endpoint = endpoints[i];
        if (i < endpoint_series_max) {
            family.samples.push_back(sample({{"service", endpoint.service}, {"endpoint", endpoint.id}}, number_of(endpoint)));
        } else {
            others[endpoint.service] += number_of(endpoint);
        }
    }
    for (const auto& [service, sum] : others) {
        family.samples.push_back(sample({{"service", service}, {"endpoint", "others"}}, sum));
    }
    return family;
}

Family states_family(const std::vector<control::EndpointView>& endpoints) {
    std::map<std::pair<std::string, std::string>, double> counts;
    for (const auto& endpoint : endpoints) {
        counts[{endpoint.service, endpoint.state}] += 1;
    }
    Family family{"cardea_service_endpoints", "Endpoints known, by service and state.", gauge, {}};
    for (const auto& [key, count] : counts) {
        family.samples.push_back(sample({{"service", key.first}, {"state", key.second}}, count));
    }
    return family;
}

Family source_counts(Family family, const std::vector<control::SourceView>& sources, const char* label,
                     std::map<std::string, std::uint64_t> control::SourceView::* counts) {
    for (const auto& source : sources) {
        for (const auto& [key, count] : source.*counts) {
            family.samples.push_back(sample({{"source", source.name}, {label, key}}, number(count)));
        }
    }
    return family;
}

}  // namespace

void add_source_families(const std::vector<control::SourceView>& sources, config::WallTime now, Families& out) {
    Family up{"cardea_discovery_source_up", "1 while the source answers.", gauge, {}};
    Family synced{"cardea_discovery_source_synced", "1 once the source has answered everything asked of it.", gauge, {}};
    Family last{"cardea_discovery_last_sync_timestamp_seconds", "Last sign of life of the source, Unix time.", gauge, {}};
    Family endpoints{"cardea_discovery_source_endpoints", "Endpoints that the source names at present.", gauge, {}};
    Family stale{"cardea_discovery_source_stale", "1 while what the source said may be out of date, whatever the reason.", gauge, {}};
    Family held{"cardea_discovery_held_endpoints", "Endpoints kept on weak evidence while probes succeed.", gauge, {}};
    Family restored{"cardea_discovery_restored_endpoints", "Endpoints known from the state on disk alone.", gauge, {}};
    for (const auto& source : sources) {
        const MetricLabels labels{{"source", source.name}};
        stale.samples.push_back(sample(labels, source.freshness == "fresh" || source.freshness == "waiting" ? 0 : 1));
        held.samples.push_back(sample(labels, number(source.held)));
        restored.samples.push_back(sample(labels, number(source.restored)));
        up.samples.push_back(sample(labels, source.connected ? 1 : 0));
        synced.samples.push_back(sample(labels, source.synced ? 1 : 0));
        endpoints.samples.push_back(sample(labels, number(source.endpoints)));
        if (source.age) {
            const std::chrono::duration<double> at = (now - *source.age).time_since_epoch();
            last.samples.push_back(sample(labels, at.count()));
        }
    }
    out.insert(out.end(), {std::move(up), std::move(synced), std::move(last), std::move(endpoints), std::move(stale), std::move(held),
                           std::move(restored)});
    out.push_back(source_counts({"cardea_discovery_errors_total", "Failures of the source, by kind.", counter, {}}, sources, "kind",
                                &control::SourceView::errors));
    out.push_back(source_counts({"cardea_discovery_entries_skipped", "Entries of the source that cannot be used, by reason.", gauge, {}},
                                sources, "reason", &control::SourceView::skipped));
}

void add_endpoint_families(const std::vector<control::EndpointView>& endpoints, Families& out) {
    out.push_back(endpoint_family(endpoints, {"cardea_endpoint_healthy", "1 while the endpoint gets requests.", gauge, {}},
                                  [](const auto& endpoint) { return endpoint.state == "up" ? 1.0 : 0.0; }));
    out.push_back(endpoint_family(endpoints, {"cardea_endpoint_requests_total", "Requests given to the endpoint.", counter, {}},
                                  [](const auto& endpoint) { return number(endpoint.requests); }));
    out.push_back(endpoint_family(endpoints, {"cardea_endpoint_failures_total", "Requests lost at the endpoint.", counter, {}},
                                  [](const auto& endpoint) { return number(endpoint.failures); }));
    out.push_back(endpoint_family(endpoints, {"cardea_endpoint_in_flight", "Requests at the endpoint now.", gauge, {}},
                                  [](const auto& endpoint) { return number(endpoint.in_flight); }));
    out.push_back(states_family(endpoints));
}

void add_upstream_families(const snapshot::Snapshot& snapshot, config::TimePoint now, Families& out) {
    static constexpr std::array<const char*, static_cast<std::size_t>(upstream::Counts::Error::count_)> words{
        "connect_refused", "connect_failed", "reset", "first_byte_timeout", "response_timeout", "bad_status", "malformed"};
    Family pending{"cardea_pending_requests", "Requests that wait for an answer, by service.", gauge, {}};
    Family errors{"cardea_upstream_errors_total", "What went wrong with requests at endpoints, by service and reason.", counter, {}};
    Family budget{"cardea_retry_budget_remaining", "Retries after a time-out or a status that there is room for now.", gauge, {}};
    for (const auto& upstream : snapshot.upstreams) {
        if (upstream == nullptr || upstream->endpoints.empty()) {
            continue;  // named by a route, or the place of one that has gone
        }
        const upstream::Policy& policy = *upstream->policy;
        pending.samples.push_back(sample({{"service", upstream->name}}, number(policy.counts->pending())));
        budget.samples.push_back(sample({{"service", upstream->name}}, number(policy.budget.left(policy.service.retry, now))));
        for (std::size_t i = 0; i < words.size(); ++i) {
            const auto count = policy.counts->errors(static_cast<upstream::Counts::Error>(i));
            errors.samples.push_back(sample({{"service", upstream->name}, {"reason", words[i]}}, number(count)));
        }
    }
    out.insert(out.end(), {std::move(pending), std::move(errors), std::move(budget)});
}

void add_journal_families(const discovery::Journal& journal, std::uint64_t lost, Families& out) {
    Family events{"cardea_discovery_events_total", "Entries of the journal, by who knew and kind.", counter, {}};
    for (const auto& [key, count] : journal.added()) {
        events.samples.push_back(sample({{"source", key.first}, {"kind", std::string(discovery::word_of(key.second))}}, number(count)));
    }
    out.push_back(std::move(events));
    out.push_back(observe::single(gauge, "cardea_journal_entries", "Entries of the journal in memory.", number(journal.size())));
    out.push_back(observe::single(counter, "cardea_journal_dropped_total", "Entries that made way for newer ones (journal.entries).",
                                  number(journal.dropped())));
    out.push_back(observe::single(counter, "cardea_journal_lost_total", "Entries that did not reach the journal's file.", number(lost)));
}

void add_control_families(const control::Numbers& numbers, Families& out) {
    observe::add_limit("discovery_max_answer", numbers.answers_too_long, out);
    observe::add_limit("discovery_max_service_endpoints", numbers.services_too_large, out);
    observe::add_limit("discovery_max_endpoints", numbers.endpoints_too_many, out);
    const auto plain = [&out](Family::Kind kind, const char* name, const char* help, double value) {
        out.push_back(observe::single(kind, name, help, value));
    };
    out.push_back({"cardea_discovery_propagation_seconds",
                   "From a source's answer to the snapshot that holds it.",
                   Family::Kind::summary,
                   {{{}, number(numbers.propagation_us_sum) / 1e6, numbers.propagation_count, {}}}});
    plain(gauge, "cardea_snapshot_convergence_seconds", "From posting the newest snapshot to its use by every worker.",
          number(numbers.convergence_us_last) / 1e6);
    plain(gauge, "cardea_snapshots_alive", "Snapshots in memory; at most workers + 1, and one in the making.",
          number(numbers.snapshots_alive));
    plain(gauge, "cardea_snapshot_version", "Version of the newest snapshot.", number(numbers.snapshot_version));
    plain(counter, "cardea_snapshots_built_total", "Snapshots built.", number(numbers.snapshots_built));
    out.push_back({"cardea_health_checks_total",
                   "Probes by result; deferred: put off by the cap on probes a second, or for want of a descriptor.",
                   counter,
                   {sample({{"result", "good"}}, number(numbers.probes_good)), sample({{"result", "bad"}}, number(numbers.probes_bad)),
                    sample({{"result", "deferred"}}, number(numbers.probes_deferred))}});
    out.push_back(
        {"cardea_endpoint_state_changes_total",
         "Endpoints admitted, suspended on evidence of absence, ejected for counted failures.",
         counter,
         {sample({{"change", "admitted"}}, number(numbers.admissions)), sample({{"change", "suspended"}}, number(numbers.suspensions)),
          sample({{"change", "ejected"}}, number(numbers.ejections))}});
    out.push_back(
        {"cardea_departed_requests_total",
         "Requests that endpoints had at their signal, by what became of them, once the last has ended.",
         counter,
         {sample({{"outcome", "finished"}}, number(numbers.receipt_finished)),
          sample({{"outcome", "moved"}}, number(numbers.receipt_moved)), sample({{"outcome", "failed"}}, number(numbers.receipt_failed))}});
    plain(counter, "cardea_receipts_total", "Endpoints that have left and whose last request has ended.", number(numbers.receipts));
    plain(gauge, "cardea_drained_endpoints", "Endpoints drained by an operator's order.", number(numbers.drained));
    plain(counter, "cardea_sightings_total", "Trouble that workers told the control plane of.", number(numbers.sightings));
    plain(counter, "cardea_sightings_dropped_total", "Of these, dropped because too many were waiting.", number(numbers.sightings_dropped));
    plain(gauge, "cardea_config_generation", "Generation of the configuration in force.", number(numbers.config_generation));
    out.push_back({"cardea_config_reloads_total",
                   "Reloads by result.",
                   counter,
                   {sample({{"result", "applied"}}, number(numbers.reloads_applied)),
                    sample({{"result", "refused"}}, number(numbers.reloads_refused))}});
    plain(gauge, "cardea_config_last_reload_success", "1 unless the last reload was refused.", numbers.last_reload_good ? 1 : 0);
}

}  // namespace cardea::admin
