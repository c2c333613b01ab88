#pragma once
// Metrics as Prometheus reads them (text format 0.0.4), and the families that the workers' counters make.
// Built anew at each scrape on the thread that asks; nothing is kept.

#include "proxy/observe/metrics.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace cardea::observe {

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

struct Sample {
    MetricLabels labels{};
    double value{0};                                          ///< Kind::counter and gauge; the sum of a histogram or summary
    std::uint64_t count{0};                                   ///< of a histogram or summary
    std::vector<std::pair<double, std::uint64_t>> buckets{};  ///< upper bound, cumulative count; `+Inf` is added
};

struct Family {
    enum class Kind : std::uint8_t { counter, gauge, histogram, summary };
    std::string name{}, help{};
    Kind kind{Kind::counter};
    std::vector<Sample> samples{};
};

using Families = std::vector<Family>;

/// One family with one sample without labels.
[[nodiscard]] Family single(Family::Kind kind, std::string name, std::string help, double value);

/// Adds what the workers count, summed over them.
void add_worker_families(std::span<const WorkerMetrics* const> workers, Families& out);
/// One more in the family of limits that were met.
void add_limit(std::string_view name, std::uint64_t met, Families& out);
/// What the numbers in the workers' request tables stand for; a route's name is `ROUTE\nSERVICE`.
struct RequestNames {
    const Names& listeners;
    const Names& routes;
};
/// Adds cardea_requests_total. Its thread is that of the names.
void add_request_family(std::span<const WorkerMetrics* const> workers, const RequestNames& names, Families& out);
/// Adds cardea_listener_connections. Its thread is that of the names.
void add_listener_family(std::span<const WorkerMetrics* const> workers, const Names& listeners, Families& out);
/// Adds process_* as every Prometheus client library names them, read from /proc/self.
void add_process_families(Families& out);

[[nodiscard]] std::string exposition(const Families& families);

/// nginx's stub_status, byte for byte.
[[nodiscard]] std::string stub_status(std::span<const WorkerMetrics* const> workers);

}  // namespace cardea::observe
