#pragma once
// Memory of coroutine frames: kept in free lists by size, so that an exchange allocates nothing once the worker is warm.
// Per thread, because a frame is made and ends on its worker. Bounded: a list keeps at most `kept_per_size` frames.

#include <cstddef>

namespace cardea::net {

#if defined(__SANITIZE_ADDRESS__)
#define CARDEA_POOLED_FRAMES false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CARDEA_POOLED_FRAMES false
#endif
#endif
#ifndef CARDEA_POOLED_FRAMES
#define CARDEA_POOLED_FRAMES true
#endif
/// Not under AddressSanitizer, so that it sees frames used after their end.
inline constexpr bool frames_are_pooled = CARDEA_POOLED_FRAMES;

[[nodiscard]] void* allocate_frame(std::size_t bytes);
void free_frame(void* frame, std::size_t bytes) noexcept;

}  // namespace cardea::net
