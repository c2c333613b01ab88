#include "config/parse_yaml.hpp"

#include "config/text.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>
#include <algorithm>
#include <sstream>
#include <unordered_map>

namespace cardea::config {

namespace {

std::size_t count_characters(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

std::vector<std::string_view> split_lines(std::string_view text) {
    std::vector<std::string_view> lines;
    while (true) {
        const auto end = text.find('\n');
        lines.push_back(text.substr(0, end));
        if (end == std::string_view::npos) {
            return lines;
        }
        text.remove_prefix(end + 1);
    }
}

/// Thrown through the YAML library to make it stop, and caught on its other side.
struct StopParsing {};

class TreeBuilder final : public YAML::EventHandler {
public:
    TreeBuilder(std::string_view text, const std::string& file, Problems& problems, YamlLimits limits)
        : lines_(split_lines(text)), file_(file), problems_(problems), limits_(limits) {}

    Tree take() { return std::move(tree_); }

    void refuse(Place place, std::string code, std::string what, std::vector<std::string> notes = {}) {
        if (problems_.size() >= most_problems) {
            return;
        }
        problems_.push_back({.code = std::move(code),
                             .what = std::move(what),
                             .origin = {file_, place.line, place.column},
                             .width = place.width,
                             .notes = std::move(notes)});
    }

    /// The library counts lines from 0 and bytes; a caret counts characters.
    [[nodiscard]] Place place(const YAML::Mark& mark, std::size_t width) const {
        if (mark.is_null() || lines_.empty()) {
            return {};
        }
        const auto line = std::min(static_cast<std::size_t>(std::max(mark.line, 0)), lines_.size() - 1);
        const auto text = lines_[line];
        const auto column = std::min(static_cast<std::size_t>(std::max(mark.column, 0)), text.size());
        const auto left = count_characters(text.substr(column));
        return {static_cast<int>(line) + 1, static_cast<int>(count_characters(text.substr(0, column))) + 1,
                std::clamp<std::size_t>(width, 1, std::max<std::size_t>(left, 1))};
    }
    [[nodiscard]] std::string_view line(int number) const {
        return number >= 1 && static_cast<std::size_t>(number) <= lines_.size() ? lines_[static_cast<std::size_t>(number) - 1]
                                                                                : std::string_view{};
    }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (documents_++ != 0) {
            refuse(place(mark, 3), "E0101", "a second document begins here", {"one file holds one configuration: remove the `---`"});
            throw StopParsing{};
        }
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        Node& node = make(Node::Kind::null, place(mark, 1), anchor);
        if (!open_.empty() && open_.back().key != nullptr) {
            node.place = open_.back().key->place;  // nothing has no place of its own
        }
        add(node);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        if (++aliases_ > limits_.max_aliases) {
            refuse(place(mark, 1), "E0103", "more than " + std::to_string(limits_.max_aliases) + " aliases", {"write the values out"});
            throw StopParsing{};
        }
        const auto found = anchors_.find(anchor);
        const auto encloses = [&found](const Open& open) { return open.node == found->second; };
        if (found == anchors_.end() || std::any_of(open_.begin(), open_.end(), encloses)) {
            refuse(place(mark, 1), "E0101", "an alias to the value that it is part of", {"write the value out"});
            throw StopParsing{};
        }
        aliased_ += found->second->weight;
        if (aliased_ > limits_.max_aliased) {
            refuse(place(mark, 1), "E0103", "aliases stand for more than " + std::to_string(limits_.max_aliased) + " values in all",
                   {"list endpoints in a file:// of their own"});
            throw StopParsing{};
        }
        add(*found->second);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
        const bool quoted = tag == "!";
        if (!quoted && tag != "?") {
            refuse_tag(mark, tag);
        }
        Node& node = make(Node::Kind::scalar, place(mark, count_characters(value) + (quoted ? 2 : 0)), anchor);
        node.text = value;
        if (node.text.find('\0') != std::string::npos) {
            refuse(node.place, "E0102", "a NUL character in a value", {"remove `\\0`"});
            node.text.clear();
        }
        add(node);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, Node::Kind::list);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, Node::Kind::map);
    }
    void OnMapEnd() override {
        remove_duplicates(*open_.back().node);
        close();
    }

private:
    struct Open {
        Node* node{nullptr};
        const Node* key{nullptr};  ///< of a map: read, its value not yet
    };

    void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
        if (!tag.empty()) {
            refuse(place(mark, 1), "E0117", "the tag `" + printable(tag) + "`", {"tags have no meaning here: leave it out"});
        }
    }

    Node& make(Node::Kind kind, Place at, YAML::anchor_t anchor) {
        if (tree_.nodes.size() >= limits_.max_nodes) {
            refuse(at, "E0103", "more than " + std::to_string(limits_.max_nodes) + " values in one file",
                   {"list endpoints in a file:// of their own"});
            throw StopParsing{};
        }
        Node& node = tree_.nodes.emplace_back();
        node.kind = kind;
        node.place = at;
        if (anchor != YAML::NullAnchor) {
            anchors_[anchor] = &node;
        }
        return node;
    }

    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
        if (tag != "?") {
            refuse_tag(mark, tag);
        }
        Node& node = make(kind, place(mark, 1), anchor);
        if (open_.size() >= limits_.max_depth) {
            refuse(node.place, "E0103", "nested deeper than " + std::to_string(limits_.max_depth),
                   {"no key of a configuration stands that deep: look for a bracket too many"});
            throw StopParsing{};
        }
        add(node);
        open_.push_back({&node});
    }

    void close() {
        Node& node = *open_.back().node;
        for (const Node* const item : node.items) {
            node.weight += item->weight;
        }
        for (const auto& entry : node.entries) {
            node.weight += entry.value->weight;
        }
        open_.pop_back();
    }

    void add(const Node& node) {
        if (open_.empty()) {
            tree_.root = &node;
            return;
        }
        Open& parent = open_.back();
        if (parent.node->kind == Node::Kind::list) {
            parent.node->items.push_back(&node);
        } else if (parent.key != nullptr) {
            parent.node->entries.push_back({parent.key, &node});
            parent.key = nullptr;
        } else if (node.kind == Node::Kind::scalar) {
            parent.key = &node;
        } else {
            refuse(node.place, "E0108", "a key that is not a word", {"keys are words or quoted text"});
            throw StopParsing{};
        }
    }

    void remove_duplicates(Node& map) {
        const auto written = map.entries.size();
        std::unordered_map<std::string_view, const Node*> seen;
        std::erase_if(map.entries, [this, &seen](const Node::Entry& entry) {
            if (entry.key->text == "<<") {
                refuse(entry.key->place, "E0117", "a merge key",
                       {"`<<` is not part of YAML 1.2: write the keys out, or use an alias for a whole value"});
                return true;
            }
            const auto [first, is_new] = seen.emplace(entry.key->text, entry.key);
            if (!is_new) {
                refuse(entry.key->place, "E0104", "the key `" + printable(entry.key->text) + "` stands here twice",
                       {"the first one is in line " + std::to_string(first->second->place.line) + ": remove one of them"});
            }
            return !is_new;
        });
        map.damaged = map.entries.size() != written;
    }

    std::vector<std::string_view> lines_;
    const std::string& file_;
    Problems& problems_;
    YamlLimits limits_;
    Tree tree_{};
    std::vector<Open> open_{};
    std::unordered_map<YAML::anchor_t, Node*> anchors_{};
    std::size_t aliases_{0};
    std::size_t aliased_{0};
    int documents_{0};
};

/// True when the bytes are text at all; YAML forbids NUL and everything that is not Unicode.
bool check_bytes(std::string_view text, TreeBuilder& builder) {
    int line = 1;
    int column = 1;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = utf8_length(text.substr(at));
        if (length == 0 || text[at] == '\0') {
            builder.refuse({line, column, 1}, "E0102", length == 0 ? "a byte that is not UTF-8" : "a NUL byte",
                           {"save the file as UTF-8 text without NUL"});
            return false;
        }
        column = text[at] == '\n' ? 1 : column + 1;
        line += text[at] == '\n' ? 1 : 0;
        at += length;
    }
    return true;
}

std::vector<std::string> syntax_hints(std::string_view line) {
    std::vector<std::string> hints;
    if (line.find('\t') < line.find_first_not_of(" \t")) {
        hints.emplace_back("YAML is indented with blanks, never with tabs");
    }
    if (line.find("${") != std::string_view::npos && line.find_first_of("{[") < line.find("${")) {
        hints.emplace_back("inside { } and [ ] a `${...}` needs quotes: \"${NAME}\"");
    } else if (const auto colon = line.find(": ");
               colon != std::string_view::npos && line.find(": ", colon + 2) != std::string_view::npos) {
        hints.emplace_back("a value with `: ` in it needs quotes");
    }
    if (const auto bracket = line.find_first_of("{[");
        bracket != std::string_view::npos && line.find('?', bracket) != std::string_view::npos) {
        hints.emplace_back("inside { } and [ ] a value with `?` in it needs quotes");
    }
    if (hints.empty()) {
        hints.emplace_back("look at the indentation, quotes and brackets here and in the line above");
    }
    return hints;
}

}  // namespace

Tree parse_yaml(std::string_view text, const std::string& file, Problems& problems, YamlLimits limits) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text.starts_with(byte_order_mark)) {
        text.remove_prefix(byte_order_mark.size());
    }
    if (text.size() > limits.max_bytes) {
        TreeBuilder({}, file, problems, limits)
            .refuse({}, "E0103",
                    "the file has " + std::to_string(text.size()) + " bytes, at most " + std::to_string(limits.max_bytes) + " are read",
                    {"list endpoints in a file:// of their own"});
        return {};
    }
    TreeBuilder builder(text, file, problems, limits);
    if (!check_bytes(text, builder)) {
        return {};
    }
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
        return builder.take();
    } catch (const StopParsing&) {  // NOLINT(bugprone-empty-catch): said already
    } catch (const YAML::Exception& error) {
        const Place place = builder.place(error.mark, 1);
        builder.refuse(place, "E0101", "not YAML: " + error.msg, syntax_hints(builder.line(place.line)));
    } catch (const std::exception& error) {
        builder.refuse({}, "E0101", std::string("not readable as YAML: ") + error.what(), {"look for what is unusual in this file"});
    }
    Tree tree = builder.take();
    tree.cut_short = true;
    return tree;
}

}  // namespace cardea::config
