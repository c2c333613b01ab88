#pragma once
// Journal entries as JSON: one object a line on disk, the same objects on the admin pages. Pure, any thread.

#include "config/json.hpp"
#include "config/result.hpp"
#include "discovery/journal.hpp"

#include <string>
#include <string_view>

namespace cardea::discovery {

/// Empty texts are left out.
void write_entry(config::json::Writer& json, const JournalEntry& entry);
[[nodiscard]] std::string entry_json(const JournalEntry& entry);  ///< without line feed
/// What entry_json() wrote, times to the millisecond. Unknown members are ignored, an unknown kind is an error.
config::Result<JournalEntry> parse_entry(std::string_view json);

}  // namespace cardea::discovery
