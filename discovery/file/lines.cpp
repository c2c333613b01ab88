#include "discovery/file/lines.hpp"

#include "config/endpoint_text.hpp"
#include "config/text.hpp"

#include <algorithm>
#include <set>

namespace cardea::file {

namespace {

constexpr std::size_t notes_max = 100;

/// The line without its comment: `#` begins one at the start of the line or after a blank.
std::string_view without_comment(std::string_view line) {
    for (std::size_t at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1)) {
        if (at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t') {
            return line.substr(0, at);
        }
    }
    return line;
}

/// Where the fault stands, counted from 1: at the address, or at what follows a good one.
std::size_t fault_column(std::string_view line) {
    constexpr std::string_view blank = " \t";
    const std::size_t begin = line.find_first_not_of(blank);
    const std::size_t end = std::min(line.find_first_of(blank, begin), line.size());
    const std::size_t rest = line.find_first_not_of(blank, end);
    return (rest != std::string_view::npos && config::parse_address(line.substr(begin, end - begin)) ? rest : begin) + 1;
}

}  // namespace

Lines read_lines(const std::string& path, std::string_view text) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text.starts_with(byte_order_mark)) {
        text.remove_prefix(byte_order_mark.size());
    }
    Lines lines;
    std::set<config::Address> seen;
    const auto note = [&lines, &path](std::size_t number, std::size_t column, const std::string& what) {
        if (lines.notes.size() < notes_max) {
            lines.notes.push_back(path + ":" + std::to_string(number) + ":" + std::to_string(column) + ": " + what);
        }
    };
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        line = without_comment(line);
        const std::string_view written = config::trim(line);
        if (written.empty()) {
            continue;
        }
        auto endpoint = config::parse_static_endpoint(written);
        if (!endpoint) {
            note(number, fault_column(line), endpoint.error().what);
        } else if (!seen.insert(endpoint->address).second) {
            note(number, line.find_first_not_of(" \t") + 1, "`" + config::printable(written) + "` stands above already, it counts once");
        } else {
            lines.endpoints.push_back(std::move(*endpoint));
        }
    }
    return lines;
}

}  // namespace cardea::file
