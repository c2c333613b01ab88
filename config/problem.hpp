#pragma once
// What is wrong with a configuration, in the form a person can mend: a stable code, the place, the line with a caret, what
// was expected. Values; any thread.

#include "config/config.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::config {

struct Problem {
    enum class Severity : std::uint8_t { error, warning };
    Severity severity{Severity::error};
    std::string code{};                ///< `E0107`, `W0201`: never given to another kind of problem
    std::string what{};                ///< one sentence, no full stop
    Origin origin{};                   ///< line 0: the file as a whole, or no file at all
    std::size_t width{1};              ///< columns that the caret underlines
    std::string at_caret{};            ///< said beside the caret: a suggestion
    std::vector<std::string> notes{};  ///< what was expected and how to mend it
    std::string excerpt{};             ///< the line of the file
};

using Problems = std::vector<Problem>;

/// Of one kind of reader; more would help nobody.
inline constexpr std::size_t most_problems = 1000;

[[nodiscard]] bool has_errors(const Problems& problems);

/// The whole report in order of place, ended by `2 errors, 1 warning; configuration not applied`; empty when there is nothing
/// to say. `outcome` replaces the last part (`generation 41 keeps running`).
std::string report(const Problems& problems, std::string_view outcome = {});

/// The candidate that `word` probably meant, by edit distance; empty when none is near.
std::string nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace cardea::config
