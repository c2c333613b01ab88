#pragma once
// Rows as a table for a terminal: columns as wide as their widest cell, two blanks between. Pure.

#include <string>
#include <vector>

namespace cardea::command {

using Row = std::vector<std::string>;

/// The first row is the heading. Control characters in cells are shown, not obeyed; long cells are cut but the last of a row.
[[nodiscard]] std::string table(const std::vector<Row>& rows);

}  // namespace cardea::command
