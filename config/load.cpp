#include "config/load.hpp"

#include "config/defaults.hpp"
#include "config/parse_yaml.hpp"
#include "config/read_config.hpp"
#include "config/text.hpp"
#include "config/validate.hpp"

#include <algorithm>

namespace cardea::config {

namespace {

constexpr std::size_t widest_excerpt = 160;

/// Puts the line of the text beside every problem; a very long one is cut, and its caret line with it.
void add_excerpts(std::string_view text, Problems& problems) {
    std::vector<std::string_view> lines;
    for (std::string_view rest = text;;) {
        const auto end = rest.find('\n');
        auto line = rest.substr(0, end);
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        lines.push_back(line);
        if (end == std::string_view::npos) {
            break;
        }
        rest.remove_prefix(end + 1);
    }
    for (auto& problem : problems) {
        const auto number = static_cast<std::size_t>(std::max(problem.origin.line, 0));
        if (number == 0 || number > lines.size() || static_cast<std::size_t>(problem.origin.column) > widest_excerpt) {
            continue;
        }
        const auto line = lines[number - 1];
        problem.excerpt = line.find('\t') != std::string_view::npos && valid_utf8(line) && line.size() <= widest_excerpt
                              ? std::string(line)
                              : printable(line, widest_excerpt);
        const auto column = static_cast<std::size_t>(std::max(problem.origin.column, 1));
        problem.width =
            std::clamp<std::size_t>(problem.width, 1, problem.excerpt.size() >= column ? problem.excerpt.size() - column + 1 : 1);
    }
}

/// Nothing is said of the top-level part in which reading ended: what seems wrong or missing there may come of that.
void remove_consequences(const Tree& tree, Problems& problems) {
    if (tree.root == nullptr || tree.root->entries.empty()) {
        return;
    }
    const int last_part = tree.root->entries.back().key->place.line;
    std::erase_if(problems, [last_part](const Problem& problem) {
        return problem.origin.line >= last_part && problem.code != "E0101" && problem.code != "E0103" && problem.code != "E0104" &&
               problem.code != "E0117";
    });
}

Loaded finish(Config config, const Marks& marks, Problems problems) {
    if (config.listeners.empty()) {
        config.listeners.push_back(default_listener());
    }
    validate(config, marks, problems);
    Loaded loaded{.problems = std::move(problems)};
    if (!has_errors(loaded.problems)) {
        loaded.config = std::move(config);
    }
    return loaded;
}

}  // namespace

Loaded load_text(std::string_view text, const std::string& file, Files& files) {
    Problems problems;
    Marks marks;
    const Tree tree = parse_yaml(text, file, problems);
    Reader reader(files, file, problems, marks);
    Config config = read_config(tree.root, reader);
    Loaded loaded;
    if (tree.root == nullptr && has_errors(problems)) {
        loaded.problems = std::move(problems);
    } else if (tree.cut_short || reader.exhausted()) {
        loaded.problems = problems;
        remove_consequences(tree, loaded.problems);
        if (!has_errors(loaded.problems)) {
            loaded.problems = std::move(problems);  // a file is never refused without a word
        }
    } else {
        loaded = finish(std::move(config), marks, std::move(problems));
    }
    add_excerpts(text, loaded.problems);
    return loaded;
}

Loaded load_file(const std::string& path, Files& files) {
    const auto text = files.read(path);
    if (!text) {
        Loaded loaded;
        loaded.problems.push_back({.code = "E0122",
                                   .what = "the file cannot be read: " + text.error().what,
                                   .origin = {path},
                                   .notes = {"give another one with -c FILE"}});
        return loaded;
    }
    return load_text(*text, path, files);
}

Loaded load_config(Config config, Files& files) {
    if (config.admin == Admin{}) {
        config.admin = default_admin(files);
    }
    return finish(std::move(config), {}, {});
}

}  // namespace cardea::config
