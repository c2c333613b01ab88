#pragma once
// `${...}` in values. Replaced in one scalar after YAML has been read, so that what is put in can never become structure;
// what was put in is not looked at again.

#include "config/files.hpp"
#include "config/result.hpp"

#include <string>
#include <string_view>

namespace cardea::config {

struct Expanded {
    std::string text{};
    bool expanded{false};  ///< something was put in
    bool secret{false};    ///< from a file: never shown in a message
};

/// `${VAR}` (unset is an error), `${VAR:-default}` and `${VAR:?message}` (when unset or empty, as in a shell), `${file:/path}`
/// (without its final line end), `$$` for a dollar sign before a brace. A `$` without a brace is itself.
Result<Expanded> expand_variables(std::string_view text, Files& files);

}  // namespace cardea::config
