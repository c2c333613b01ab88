#include "discovery/file/lines.hpp"

#include "config/text.hpp"

#include <algorithm>
#include <set>

namespace cardea::file {

namespace {

constexpr std::size_t notes_max = 100;
constexpr std::uint64_t weight_max = 65535;  // as Consul's

/// One word of a line and where it begins, counted from 1.
struct Word {
    std::string_view text{};
    std::size_t column{0};
};

std::vector<Word> words_of(std::string_view line) {
    constexpr std::string_view blank = " \t\r";
    std::vector<Word> words;
    std::size_t at = line.find_first_not_of(blank);
    while (at != std::string_view::npos && line[at] != '#') {
        const std::size_t end = std::min(line.find_first_of(blank, at), line.size());
        words.push_back({line.substr(at, end - at), at + 1});
        at = line.find_first_not_of(blank, end);
    }
    return words;
}

struct Fault {
    std::size_t column{0};
    std::string what{};
};

tl::expected<config::StaticEndpoint, Fault> read_endpoint(const std::vector<Word>& words) {
    constexpr std::string_view weight_key = "weight=";
    const auto fault = [](const Word& word, std::string what) { return tl::unexpected{Fault{word.column, std::move(what)}}; };
    auto address = config::parse_address(words[0].text);
    if (!address) {
        return fault(words[0], address.error().what);
    }
    config::StaticEndpoint endpoint{.address = std::move(*address)};
    bool weighed = false;
    for (auto word = words.begin() + 1; word != words.end(); ++word) {
        if (!word->text.starts_with(weight_key) || weighed) {
            return fault(*word, "'" + config::printable(word->text) + "' after the address, expected one weight=N or nothing");
        }
        const auto weight = config::parse_unsigned(word->text.substr(weight_key.size()), weight_max);
        if (!weight) {
            return fault(*word, "'" + config::printable(word->text) + "' is no weight, expected weight=0 to weight=65535");
        }
        endpoint.weight = static_cast<std::uint32_t>(*weight);
        weighed = true;
    }
    return endpoint;
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
        const std::vector<Word> words = words_of(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (words.empty()) {
            continue;
        }
        auto endpoint = read_endpoint(words);
        if (!endpoint) {
            note(number, endpoint.error().column, endpoint.error().what);
        } else if (!seen.insert(endpoint->address).second) {
            note(number, words[0].column, "'" + config::printable(words[0].text) + "' stands above already, this line is ignored");
        } else {
            lines.endpoints.push_back(std::move(*endpoint));
        }
    }
    return lines;
}

}  // namespace cardea::file
