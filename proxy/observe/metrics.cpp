#include "proxy/observe/metrics.hpp"

#include <algorithm>

namespace cardea::observe {

void DurationHistogram::observe(std::uint64_t microseconds) {
    const auto* const bound = std::lower_bound(duration_bounds_us.begin(), duration_bounds_us.end(), microseconds);
    buckets[static_cast<std::size_t>(bound - duration_bounds_us.begin())].add();
    sum_us.add(microseconds);
}

}  // namespace cardea::observe
