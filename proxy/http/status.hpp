#pragma once
// Reason phrases of the status codes in the IANA registry (RFC 9110 section 15). Pure, any thread.

#include <cstdint>
#include <string_view>

namespace cardea::http {

/// `Not Found` for 404; empty for a code that has no registered phrase.
[[nodiscard]] std::string_view phrase_of(std::uint16_t status);

}  // namespace cardea::http
