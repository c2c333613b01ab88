#pragma once
// Memory of coroutine frames: kept in free lists by size, so that an exchange allocates nothing once the worker is warm.
// Per thread, because a frame is made and ends on its worker. Bounded: a list keeps at most `kept_per_size` frames.

#include <cstddef>

namespace cardea::net {

[[nodiscard]] void* allocate_frame(std::size_t bytes);
void free_frame(void* frame, std::size_t bytes) noexcept;

}  // namespace cardea::net
