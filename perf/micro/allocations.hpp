#pragma once
// How often this thread has asked for memory, by operator new: for what must not allocate. A program that links
// allocations.cpp counts; the tests do too.

#include <cstdint>

namespace cardea::micro {

std::uint64_t allocations_of_this_thread();

}  // namespace cardea::micro
