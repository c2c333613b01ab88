#pragma once
// Field lines as nearly all are: a token, a colon, one blank, visible ASCII. Of such a section nobody reads anything else, so
// it need not pass llhttp, which looks at every byte of it several times; whatever else is there is llhttp's to judge.
// Sans-I/O, no allocation; any thread.

#include "proxy/http/fields.hpp"

#include <cstddef>
#include <string_view>

namespace cardea::http1 {

struct FieldLimits {
    std::size_t fields;  ///< at most so many
    std::size_t line;    ///< bytes of one, without its end
};

/// `bytes` is everything behind the start line, the empty line included. False when a line is anything but
/// `name: value\r\n`, or when a limit is passed: `out` is of no use then.
[[nodiscard]] bool read_plain_fields(std::string_view bytes, FieldLimits limits, http::Fields& out);

}  // namespace cardea::http1
