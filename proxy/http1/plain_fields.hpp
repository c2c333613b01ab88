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

/// Reads the section that `bytes`, which may hold more, begin with. Returns its length, the empty line included; 0 when it is
/// not all there, when a line is anything but `name: value\r\n`, or when a limit is passed: `out` is of no use then.
[[nodiscard]] std::size_t read_plain_fields(std::string_view bytes, FieldLimits limits, http::Fields& out);

}  // namespace cardea::http1
