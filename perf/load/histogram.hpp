#pragma once
// Latencies in buckets of 1.6 %: constant memory however long a run is. One thread.

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdint>

namespace cardea::load {

class Histogram {
public:
    void add(std::chrono::nanoseconds latency) {
        const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 1));
        ++buckets_[index(value)];
        ++count_;
        longest_ = std::max(longest_, value);
    }

    /// The latency that `share` of all stayed below, in microseconds; 0 without any.
    [[nodiscard]] double quantile_us(double share) const {
        const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < buckets_.size(); ++i) {
            seen += buckets_[i];
            if (seen > wanted) {
                return std::min(middle(i), static_cast<double>(longest_)) / 1e3;
            }
        }
        return longest_us();
    }
    [[nodiscard]] double longest_us() const { return static_cast<double>(longest_) / 1e3; }

private:
    static constexpr unsigned sub_bits = 6;  // 64 buckets in each doubling

    // Below 64 ns a bucket each; above, the exponent and the next six bits.
    static std::size_t index(std::uint64_t value) {
        const auto width = static_cast<unsigned>(std::bit_width(value));
        if (width <= sub_bits) {
            return value;
        }
        const unsigned shift = width - sub_bits - 1;
        return (std::size_t{shift + 1} << sub_bits) + ((value >> shift) & ((1U << sub_bits) - 1));
    }
    static double middle(std::size_t index) {
        const std::size_t doubling = index >> sub_bits;
        const auto sub = static_cast<double>(index & ((1U << sub_bits) - 1));
        if (doubling == 0) {
            return sub;
        }
        return (64.0 + sub + 0.5) * static_cast<double>(std::uint64_t{1} << (doubling - 1));
    }

    std::array<std::uint64_t, 60UL << sub_bits> buckets_{};
    std::uint64_t count_{0}, longest_{0};
};

}  // namespace cardea::load
