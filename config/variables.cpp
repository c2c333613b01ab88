#include "config/variables.hpp"

#include "config/text.hpp"

#include <algorithm>

namespace cardea::config {

namespace {

constexpr std::size_t longest_value = 64U << 10;

bool variable_name(std::string_view name) {
    const auto allowed = [](char c) { return ascii_alpha(c) || ascii_digit(c) || c == '_'; };
    return !name.empty() && !ascii_digit(name.front()) && std::all_of(name.begin(), name.end(), allowed);
}

Result<std::string> file_content(std::string_view path, Files& files) {
    auto content = files.read(std::string(path));
    if (!content) {
        return failure("the file `" + printable(path) + "` cannot be read: " + content.error().what, {},
                       "write the absolute path of a file that this process may read");
    }
    if (content->ends_with('\n')) {
        content->pop_back();
    }
    if (content->ends_with('\r')) {
        content->pop_back();
    }
    return content;
}

Result<std::string> variable(std::string_view expression, Files& files) {
    const auto colon = expression.find(':');
    const auto name = expression.substr(0, colon);
    const auto rest = colon == std::string_view::npos ? std::string_view{} : expression.substr(colon + 1);
    if (!variable_name(name) || (colon != std::string_view::npos && !rest.starts_with('-') && !rest.starts_with('?'))) {
        return failure("`${" + printable(expression) + "}` is not a variable", {},
                       "write ${NAME}, ${NAME:-default}, ${NAME:?message} or ${file:/path}; $${ stands for a literal ${");
    }
    auto value = files.environment(std::string(name));
    if (value && (colon == std::string_view::npos || !value->empty())) {
        return std::move(*value);
    }
    if (rest.starts_with('-')) {
        return std::string(rest.substr(1));
    }
    const auto unset = "the environment variable `" + std::string(name) + "` is not set";
    if (rest.size() > 1) {
        return failure(unset + ": " + printable(rest.substr(1), 200), {}, "set it before the start");
    }
    return failure(unset, {}, "set it, or write ${" + std::string(name) + ":-default}");
}

}  // namespace

Result<Expanded> expand_variables(std::string_view text, Files& files) {
    Expanded out;
    while (!text.empty()) {
        const auto dollar = text.find('$');
        out.text += text.substr(0, dollar);
        if (dollar == std::string_view::npos) {
            break;
        }
        text.remove_prefix(dollar);
        if (text.starts_with("$${")) {
            out.text += "${";
            text.remove_prefix(3);
            continue;
        }
        if (!text.starts_with("${")) {
            out.text.push_back('$');
            text.remove_prefix(1);
            continue;
        }
        const auto end = text.find('}');
        if (end == std::string_view::npos) {
            return failure("`" + printable(text) + "` has no closing brace", {}, "write ${NAME}; $${ stands for a literal ${");
        }
        const auto expression = text.substr(2, end - 2);
        const bool from_file = expression.starts_with("file:");
        const auto value = from_file ? file_content(expression.substr(5), files) : variable(expression, files);
        if (!value) {
            return tl::unexpected<Error>(value.error());
        }
        if (value->size() > longest_value || value->find('\0') != std::string::npos || !valid_utf8(*value)) {
            return failure("what `${" + printable(expression) + "}` stands for is not UTF-8 text of at most 64 KiB", {}, "put text there");
        }
        out.text += *value;
        out.expanded = true;
        out.secret = out.secret || from_file;
        text.remove_prefix(end + 1);
    }
    return out;
}

}  // namespace cardea::config
