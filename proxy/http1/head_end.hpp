#pragma once
// Where a head ends, in bytes that may go on. Sans-I/O, no allocation; any thread.

#include <cstddef>
#include <string_view>

namespace cardea::http1 {

/// Finds the end of a head (the empty line) in bytes that grow, looking at each byte once.
/// Returns the length of the head with its empty line, or 0 when more is needed. `scanned` is the caller's memory
/// between calls (start with 0). Up to four leading CRLFs before a request line count as part of the head.
/// A head that can no longer become good (a line feed without carriage return or behind two, a folded line, a first byte that
/// starts no message) ends there: what is returned then does not parse.
[[nodiscard]] std::size_t find_head_end(std::string_view bytes, std::size_t& scanned);

/// Bytes of CRLFs in front of a message (RFC 9112 section 2.2 asks for one to be borne: no limit of ours to set); more than
/// max_leading_bytes when there are more than are allowed.
[[nodiscard]] std::size_t leading_lines(std::string_view bytes);
inline constexpr std::size_t max_leading_bytes = 8;

}  // namespace cardea::http1
