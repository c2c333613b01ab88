#pragma once
// The journal as JSON pages and as server-sent events (WHATWG HTML section 9.2). Pure, any thread.

#include "discovery/journal.hpp"
#include "proxy/control/drains.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cardea::admin {

[[nodiscard]] std::string events_json(const discovery::Journal& journal, const std::vector<const discovery::JournalEntry*>& entries);
/// `members` null: the moment is before what is kept.
[[nodiscard]] std::string history_json(const discovery::Journal& journal, std::string_view service, config::WallTime when,
                                       const std::vector<discovery::PastMember>* members);
[[nodiscard]] std::string drains_json(const std::vector<control::DrainView>& drains);

/// `id: … event: … data: …` and the empty line behind it.
[[nodiscard]] std::string event_text(const discovery::JournalEntry& entry);
/// A note to a reader who missed entries: an event without id, `gap` when the stream goes on, `dropped` when it ends.
[[nodiscard]] std::string gap_text(std::string_view event, std::string_view why);

}  // namespace cardea::admin
