#include "proxy/http1/plain_fields.hpp"

#include "config/text.hpp"
#include "proxy/http1/scan.hpp"

namespace cardea::http1 {

bool read_plain_fields(std::string_view bytes, FieldLimits limits, http::Fields& out) {
    constexpr std::ptrdiff_t shortest_rest = 4;  // `: ` and the line's end, or one line's end and the section's
    out.clear();
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    while (end - at > 2) {
        const char* const name = at;
        while (at < end && config::token_chars.has(*at)) {
            ++at;
        }
        if (at == name || end - at < shortest_rest || at[0] != ':' || at[1] != ' ' || at[2] == ' ') {
            return false;
        }
        const char* const value = at + 2;
        at = end_of_text(value, end);
        if (at == value || at[-1] == ' ' || end - at < 2 || at[0] != '\r' || at[1] != '\n' || out.size() >= limits.fields ||
            static_cast<std::size_t>(at - name) > limits.line ||
            !out.push({name, static_cast<std::size_t>(value - 2 - name)}, {value, static_cast<std::size_t>(at - value)}, true)) {
            return false;
        }
        at += 2;
    }
    return end - at == 2 && at[0] == '\r' && at[1] == '\n';
}

}  // namespace cardea::http1
