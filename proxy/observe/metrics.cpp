#include "proxy/observe/metrics.hpp"

#include <algorithm>

namespace cardea::observe {

void DurationHistogram::observe(std::uint64_t microseconds) {
    const auto* const bound = std::lower_bound(duration_bounds_us.begin(), duration_bounds_us.end(), microseconds);
    buckets[static_cast<std::size_t>(bound - duration_bounds_us.begin())].add();
    sum_us.add(microseconds);
}

void DurationHistogram::observe(std::chrono::nanoseconds time) {
    observe(static_cast<std::uint64_t>(std::max<std::int64_t>(std::chrono::floor<std::chrono::microseconds>(time).count(), 0)));
}

}  // namespace cardea::observe
