#pragma once
// What one registry may say at most. Whatever says more is not listened to: the last good answer stays in force.

#include <cstddef>
#include <cstdint>

namespace cardea::discovery {

inline constexpr std::uint64_t answer_bytes_max = 32ULL << 20;  ///< of one HTTP answer, unpacked
inline constexpr std::size_t answer_depth_max = 64;             ///< of nested arrays and objects in it

/// Of endpoints.
struct Bounds {
    std::size_t query{10'000};  ///< of one service as one source tells it, those still held included
    std::size_t all{100'000};   ///< of all that every source tells
};
inline constexpr std::size_t name_addresses_max = 100;  ///< of one host name; beyond it the highest are passed over

}  // namespace cardea::discovery
