#pragma once
// The one date format we send (IMF-fixdate, RFC 9110 section 5.6.7). Pure, no locale, no allocation; any thread.

#include "config/units.hpp"

#include <array>
#include <string_view>

namespace cardea::http {

/// `Sun, 06 Nov 1994 08:49:37 GMT`, kept for the second it was made in: a worker calls set() once per poll batch.
class DateText {
public:
    void set(config::WallTime now);
    [[nodiscard]] std::string_view text() const { return {text_.data(), text_.size()}; }

private:
    std::array<char, 29> text_{};
    std::chrono::sys_seconds second_{std::chrono::seconds{-1}};
};

}  // namespace cardea::http
