#pragma once
// What nobody may say more of, whatever is configured (config::Discovery). Whatever says more is not listened to: the last good
// answer stays in force.

#include "config/config.hpp"

#include <cstddef>
#include <cstdint>

namespace cardea::discovery {

inline constexpr std::uint64_t answer_bytes_max = config::Discovery::most_answer.count;  ///< of one HTTP answer, unpacked
inline constexpr std::size_t answer_depth_max = 64;                                      ///< of nested arrays and objects in it
inline constexpr std::size_t name_addresses_max = 100;  ///< of one host name; beyond it the highest are passed over

}  // namespace cardea::discovery
