#pragma once
// How often this thread has asked for memory: for tests of what must not allocate.

#include <cstdint>

namespace cardea::support {

std::uint64_t allocations_of_this_thread();

}  // namespace cardea::support
