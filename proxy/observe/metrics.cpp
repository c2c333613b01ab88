#include "proxy/observe/metrics.hpp"

#include <algorithm>

namespace cardea::observe {

std::string_view name_of(Limit limit) {
    static constexpr std::array<std::string_view, static_cast<std::size_t>(Limit::count_)> names{
        "max_connections",    "descriptors",     "client_max_connections", "requests_per_connection",
        "connection_age",     "header_timeout",  "first_byte_timeout",     "idle_timeout",
        "body_timeout",       "body_rate",       "write_timeout",          "write_rate",
        "half_close_timeout", "max_pending",     "max_buffered",           "max_queue_time",
        "response_head",      "response_fields", "interim_responses"};
    return names[static_cast<std::size_t>(limit)];
}

void DurationHistogram::observe(std::uint64_t microseconds) {
    const auto* const bound = std::lower_bound(duration_bounds_us.begin(), duration_bounds_us.end(), microseconds);
    buckets[static_cast<std::size_t>(bound - duration_bounds_us.begin())].add();
    sum_us.add(microseconds);
}

void DurationHistogram::observe(std::chrono::nanoseconds time) {
    observe(static_cast<std::uint64_t>(std::max<std::int64_t>(std::chrono::floor<std::chrono::microseconds>(time).count(), 0)));
}

}  // namespace cardea::observe
