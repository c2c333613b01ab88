#pragma once
// Reads typed values out of a Tree and collects every problem with its place; nothing here knows YAML or what the keys mean.
// One Reader per file and run; not shared between threads.

#include "config/files.hpp"
#include "config/problem.hpp"
#include "config/tree.hpp"

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cardea::config {

/// A number with `%` behind it in the file.
struct Percent {
    std::uint32_t value{0};
};

class Reader {
public:
    Reader(Files& files, std::string file, Problems& problems, Marks& marks)
        : files_(files), file_(std::move(file)), problems_(problems), marks_(marks) {}

    struct Key {
        std::string_view name;
        std::function<void(const Node&)> read;
    };

    // --- structure ------------------------------------------------------------------------------------------------------
    /// Reads a mapping by its keys. Any other key is a problem: with a suggestion, or, for those in `later`, with the word that
    /// this version does not support them.
    void map(const Node& node, std::string_view what, const std::vector<Key>& keys, const std::vector<std::string_view>& later = {});
    /// Reads a mapping of names that the user chose.
    void named(const Node& node, std::string_view what, const std::function<void(const Node& name, const Node& value)>& read);
    /// Reads a list, or a single value as a list of one.
    void each(const Node& node, const std::function<void(const Node&)>& read);
    /// A key of map() that is read by its type alone.
    template <typename T>
    Key field(std::string_view name, T& out) {
        return {name, [this, &out](const Node& node) { read(node, out); }};
    }
    template <typename T>
    Key list(std::string_view name, std::vector<T>& out) {
        return {name, [this, &out](const Node& node) {
                    out.clear();
                    each(node, [this, &out](const Node& item) {
                        const auto known = count_;
                        T value{};
                        read(item, value);
                        if (count_ == known) {
                            out.push_back(std::move(value));
                        }
                    });
                }};
    }

    /// A duration above zero, a count and a size within bounds.
    Key positive(std::string_view name, Duration& out);
    Key count(std::string_view name, std::uint32_t& out, std::uint32_t min, std::uint32_t max);
    Key size(std::string_view name, Bytes& out, Bytes min, Bytes max);

    // --- values; `out` stays as it is when there is a problem -------------------------------------------------------------
    void read(const Node& node, std::string& out);
    void read(const Node& node, bool& out);
    void read(const Node& node, Duration& out);
    void read(const Node& node, Bytes& out);
    void read(const Node& node, Percent& out);
    void read(const Node& node, IpAddress& out);
    void read(const Node& node, Cidr& out);
    void read(const Node& node, HostPattern& out);
    void read(const Node& node, PathPattern& out);
    void number(const Node& node, std::uint16_t& out, std::uint16_t min, std::uint16_t max, std::string_view what);

    /// The scalar with its variables replaced; nothing (and a problem) for anything but a scalar.
    std::optional<std::string> text(const Node& node);
    /// As text(), then through a parser from a `Result`.
    template <typename T, typename Parse>
    bool parsed(const Node& node, std::string_view code, T& out, const Parse& parse) {
        const auto value = text(node);
        if (!value) {
            return false;
        }
        auto result = parse(*value);
        if (!result) {
            refuse(node, code, *value, result.error());
            return false;
        }
        out = std::move(*result);
        return true;
    }
    /// One word of a fixed set.
    template <typename T>
    void choice(const Node& node, std::string_view what, T& out, std::initializer_list<std::pair<std::string_view, T>> choices) {
        const auto value = text(node);
        if (!value) {
            return;
        }
        std::vector<std::string_view> words;
        for (const auto& [word, meaning] : choices) {
            if (word == *value) {
                out = meaning;
                return;
            }
            words.push_back(word);
        }
        unknown_word(node, what, *value, words);
    }

    // --- problems ---------------------------------------------------------------------------------------------------------
    void problem(const Node& node, std::string_view code, std::string what, std::vector<std::string> notes = {}, std::string at_caret = {});
    /// From a failed parse of `value`, which is hidden where it came out of a file.
    void refuse(const Node& node, std::string_view code, const std::string& value, const Error& error);
    /// How a message may show `value`: as it stands in the file, never what a variable stands for.
    [[nodiscard]] static std::string shown(const Node& node, const std::string& value);
    void unknown_word(const Node& node, std::string_view what, const std::string& value, const std::vector<std::string_view>& known);
    void not_supported(const Node& node, std::string_view what);

    /// How many problems there are by now: whether a part that was just read is whole.
    [[nodiscard]] std::size_t problem_count() const { return count_; }
    [[nodiscard]] Origin origin(const Node& node) const { return {file_, node.place.line, node.place.column}; }
    void mark(std::string path, const Node& node) { marks_.insert_or_assign(std::move(path), node.place); }
    /// Reading was given up: what is missing may just not have been looked at.
    [[nodiscard]] bool exhausted() const { return visits_ > most_visits; }
    [[nodiscard]] Files& files() { return files_; }

private:
    bool enter(const Node& node, Node::Kind kind, std::string_view what);

    static constexpr std::size_t most_visits = 1'000'000;  ///< aliases can make a small file large
    Files& files_;
    const std::string file_;
    Problems& problems_;
    Marks& marks_;
    std::size_t visits_{0};
    std::size_t count_{0};  ///< of problems, also of those not kept
};

}  // namespace cardea::config
