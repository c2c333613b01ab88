#pragma once
// Expected failures are values: every function that can fail for a reason outside the program returns a Result.
// Nothing here allocates on success. Any thread.

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace cardea::config {

/// Why something could not be done, in words for the person who has to mend it.
struct Error {
    std::string what;     ///< what was found and what was expected, one sentence, no full stop
    std::string where{};  ///< `file:line:column`, or source and key; empty when the caller knows it
    std::string hint{};   ///< how to fix it; empty when `what` says it already
    friend bool operator==(const Error&, const Error&) = default;
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> failure(std::string what, std::string where = {}, std::string hint = {}) {
    return tl::unexpected<Error>{Error{std::move(what), std::move(where), std::move(hint)}};
}

}  // namespace cardea::config
