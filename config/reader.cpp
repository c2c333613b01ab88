#include "config/reader.hpp"

#include "config/patterns.hpp"
#include "config/text.hpp"
#include "config/variables.hpp"

#include <algorithm>
#include <limits>

namespace cardea::config {

namespace {

std::string_view kind_name(Node::Kind kind) {
    switch (kind) {
        case Node::Kind::null:
            return "nothing";
        case Node::Kind::scalar:
            return "a single value";
        case Node::Kind::list:
            return "a list";
        case Node::Kind::map:
            break;
    }
    return "a mapping";
}

std::string joined(const std::vector<std::string_view>& words) {
    std::string out;
    for (const auto word : words) {
        out += (out.empty() ? "" : ", ") + std::string(word);
    }
    return out;
}

/// `100`, `100k`, `2m`: counts are decimal, and large ones are hard to read without.
Result<std::uint32_t> parse_count(std::string_view text) {
    const std::uint64_t factor = text.ends_with('k') ? 1000 : text.ends_with('m') ? 1'000'000 : 1;
    const auto number =
        parse_unsigned(factor == 1 ? text : text.substr(0, text.size() - 1), std::numeric_limits<std::uint32_t>::max() / factor);
    if (!number) {
        return failure("`" + printable(text) + "` is not a count: " +
                           (text.empty() || !ascii_digit(text.front()) ? "digits are missing" : "it is too large or has other characters"),
                       {}, "write a whole number, as in 100 or 100k");
    }
    return static_cast<std::uint32_t>(*number * factor);
}

Result<Percent> parse_percent(std::string_view text) {
    const auto number = text.ends_with('%') ? parse_unsigned(text.substr(0, text.size() - 1), 100) : parse_unsigned("", 0);
    if (!number) {
        return failure("`" + printable(text) + "` is not a share", {}, "write 0% to 100%");
    }
    return Percent{static_cast<std::uint32_t>(*number)};
}

}  // namespace

void Reader::problem(const Node& node, std::string_view code, std::string what, std::vector<std::string> notes, std::string at_caret) {
    if (++count_ > most_problems) {
        return;
    }
    problems_.push_back({.code = std::string(code),
                         .what = std::move(what),
                         .origin = origin(node),
                         .width = node.place.width,
                         .at_caret = std::move(at_caret),
                         .notes = std::move(notes)});
}

void Reader::refuse(const Node& node, std::string_view code, const std::string& value, const Error& error) {
    std::string what = error.what;
    if (value != node.text) {
        const auto secret = expand_variables(node.text, files_).map([](const Expanded& e) { return e.secret; }).value_or(true);
        what =
            secret ? "what `" + printable(node.text) + "` stands for cannot be used here" : what + ", from `" + printable(node.text) + "`";
    }
    problem(node, code, std::move(what), error.hint.empty() ? std::vector<std::string>{} : std::vector<std::string>{error.hint});
}

std::string Reader::shown(const Node& node, const std::string& value) {
    return "`" + printable(value == node.text ? value : node.text) + "`";
}

void Reader::unknown_word(const Node& node, std::string_view what, const std::string& value, const std::vector<std::string_view>& known) {
    const auto meant = nearest(value, known);
    problem(node, "E0107", "unknown " + std::string(what) + " " + shown(node, value), {"expected: " + joined(known)},
            meant.empty() || value != node.text ? "" : "did you mean `" + meant + "`?");
}

void Reader::not_supported(const Node& node, std::string_view what) {
    problem(node, "E0106", std::string(what) + " is not supported by this version", {"remove it: nothing is ignored silently"});
}

bool Reader::enter(const Node& node, Node::Kind kind, std::string_view what) {
    if (++visits_ > most_visits) {
        if (visits_ == most_visits + 1) {
            problem(node, "E0103", "aliases make the file longer than " + std::to_string(most_visits) + " values", {"write fewer of them"});
        }
        return false;
    }
    if (node.kind == kind) {
        return true;
    }
    if (what.empty()) {
        problem(node, node.kind == Node::Kind::null ? "E0123" : "E0108",
                node.kind == Node::Kind::null ? "a value is missing" : std::string(kind_name(node.kind)) + " stands where it has no place",
                {"expected " + std::string(kind_name(kind))});
    } else if (node.kind == Node::Kind::null) {
        problem(node, "E0123", std::string(what) + " has no value",
                {"expected " + std::string(kind_name(kind)) + ": give one or remove the key"});
    } else {
        problem(node, "E0108", std::string(what) + " is " + std::string(kind_name(node.kind)),
                {"expected " + std::string(kind_name(kind))});
    }
    return false;
}

void Reader::map(const Node& node, std::string_view what, const std::vector<Key>& keys, const std::vector<std::string_view>& later) {
    if (!enter(node, Node::Kind::map, what)) {
        return;
    }
    for (const auto& [key, value] : node.entries) {
        const auto& name = key->text;
        const auto known = std::find_if(keys.begin(), keys.end(), [&name](const Key& k) { return k.name == name; });
        if (known != keys.end()) {
            known->read(*value);
            continue;
        }
        if (std::find(later.begin(), later.end(), name) != later.end()) {
            not_supported(*key, "`" + name + "`");
            continue;
        }
        std::vector<std::string_view> names;
        std::transform(keys.begin(), keys.end(), std::back_inserter(names), [](const Key& k) { return k.name; });
        const auto meant = nearest(name, names);
        problem(*key, "E0105", "unknown key `" + printable(name) + "` in " + std::string(what), {"expected: " + joined(names)},
                meant.empty() ? "" : "did you mean `" + meant + "`?");
    }
}

void Reader::named(const Node& node, std::string_view what, const std::function<void(const Node&, const Node&)>& read) {
    if (!enter(node, Node::Kind::map, what)) {
        return;
    }
    for (const auto& [key, value] : node.entries) {
        if (key->text.empty() || key->text != trim(key->text) || key->text != printable(key->text, 128)) {
            problem(*key, "E0107", "`" + printable(key->text) + "` is not a name",
                    {"1 to 128 characters, no control characters, no blanks around it"});
            continue;
        }
        read(*key, *value);
    }
}

void Reader::each(const Node& node, const std::function<void(const Node&)>& read) {
    if (node.kind != Node::Kind::list) {
        read(node);
        return;
    }
    for (const auto* item : node.items) {
        read(*item);
    }
}

std::optional<std::string> Reader::text(const Node& node) {
    if (!enter(node, Node::Kind::scalar, "")) {
        return std::nullopt;
    }
    if (node.text.find('$') == std::string::npos) {
        return node.text;
    }
    auto expanded = expand_variables(node.text, files_);
    if (!expanded) {
        problem(node, "E0118", expanded.error().what,
                expanded.error().hint.empty() ? std::vector<std::string>{} : std::vector<std::string>{expanded.error().hint});
        return std::nullopt;
    }
    return std::move(expanded->text);
}

void Reader::read(const Node& node, std::string& out) {
    if (auto value = text(node)) {
        out = std::move(*value);
    }
}

void Reader::read(const Node& node, bool& out) {
    choice<bool>(node, "truth value", out, {{"true", true}, {"false", false}});
}

void Reader::read(const Node& node, Duration& out) {
    parsed(node, "E0110", out, parse_duration);
}
void Reader::read(const Node& node, Bytes& out) {
    parsed(node, "E0111", out, parse_bytes);
}
void Reader::read(const Node& node, Percent& out) {
    parsed(node, "E0112", out, parse_percent);
}
void Reader::read(const Node& node, IpAddress& out) {
    parsed(node, "E0113", out, parse_ip);
}
void Reader::read(const Node& node, Cidr& out) {
    parsed(node, "E0114", out, parse_cidr);
}
void Reader::read(const Node& node, HostPattern& out) {
    parsed(node, "E0115", out, parse_host_pattern);
}
void Reader::read(const Node& node, PathPattern& out) {
    parsed(node, "E0115", out, parse_path_pattern);
}

Reader::Key Reader::positive(std::string_view name, Duration& out) {
    return {name, [this, name, &out](const Node& node) {
                Duration value{};
                if (parsed(node, "E0110", value, parse_duration)) {
                    if (value > Duration::zero()) {
                        out = value;
                    } else {
                        problem(node, "E0206", "`" + std::string(name) + "` cannot be zero", {"write how long, as in 10s"});
                    }
                }
            }};
}

Reader::Key Reader::count(std::string_view name, std::uint32_t& out, std::uint32_t min, std::uint32_t max) {
    return {name, [this, name, &out, min, max](const Node& node) {
                std::uint32_t value = 0;
                if (parsed(node, "E0112", value, parse_count)) {
                    if (value >= min && value <= max) {
                        out = value;
                    } else {
                        problem(node, "E0112", "`" + std::string(name) + "` is out of its bounds",
                                {"a number from " + std::to_string(min) + " to " + std::to_string(max)});
                    }
                }
            }};
}

Reader::Key Reader::size(std::string_view name, Bytes& out, Bytes min, Bytes max) {
    return {name, [this, name, &out, min, max](const Node& node) {
                Bytes value{};
                if (parsed(node, "E0111", value, parse_bytes)) {
                    if (value >= min && value <= max) {
                        out = value;
                    } else {
                        problem(node, "E0111", "`" + std::string(name) + "` is out of its bounds",
                                {"a size from " + to_string(min) + " to " + to_string(max)});
                    }
                }
            }};
}

void Reader::number(const Node& node, std::uint16_t& out, std::uint16_t min, std::uint16_t max, std::string_view what) {
    parsed(node, "E0112", out, [=](std::string_view value) -> Result<std::uint16_t> {
        const auto parsed_number = parse_unsigned(value, max);
        if (!parsed_number || *parsed_number < min) {
            return failure("`" + printable(value) + "` is not " + std::string(what), {},
                           "a number from " + std::to_string(min) + " to " + std::to_string(max));
        }
        return static_cast<std::uint16_t>(*parsed_number);
    });
}

}  // namespace cardea::config
