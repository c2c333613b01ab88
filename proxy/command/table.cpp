#include "proxy/command/table.hpp"

#include "config/text.hpp"

#include <algorithm>

namespace cardea::command {

namespace {

constexpr std::size_t cell_max = 60;
constexpr std::size_t last_cell_max = 400;

/// Characters, not bytes: a continuation byte of UTF-8 takes no column.
std::size_t columns_of(const std::string& text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

}  // namespace

std::string table(const std::vector<Row>& rows) {
    std::vector<Row> shown;
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        Row cells;
        for (std::size_t i = 0; i < row.size(); ++i) {
            cells.push_back(config::printable(row[i], i + 1 == row.size() ? last_cell_max : cell_max));
            widths.resize(std::max(widths.size(), i + 1));
            widths[i] = std::max(widths[i], columns_of(cells.back()));
        }
        shown.push_back(std::move(cells));
    }
    std::string out;
    for (const auto& row : shown) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += row[i];
            line.append(widths[i] - columns_of(row[i]) + 2, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
    }
    return out;
}

}  // namespace cardea::command
