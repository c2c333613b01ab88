#pragma once
// Whether the parts of a configuration fit together: names that exist, addresses that do not collide, routes that can be
// reached. Pure; the parts by themselves are right already.

#include "config/problem.hpp"
#include "config/tree.hpp"

namespace cardea::config {

/// Appends what is wrong. `marks` are the places that the reader saw; without them problems point at the part as a whole.
void validate(const Config& config, const Marks& marks, Problems& problems);

}  // namespace cardea::config
