#include "proxy/http1/plain_fields.hpp"

#include "config/text.hpp"
#include "proxy/http1/scan.hpp"

namespace cardea::http1 {

bool read_plain_fields(std::string_view bytes, FieldLimits limits, http::Fields& out) {
    out.clear();
    if (!bytes.ends_with("\r\n")) {
        return false;
    }
    // No name runs past the end, which is no part of one; and behind a colon there are at least the two bytes of that.
    std::size_t at = 0;
    while (bytes.size() - at > 2) {
        const std::size_t name = at;
        while (config::token_chars.has(bytes[at])) {
            ++at;
        }
        if (at == name || bytes[at] != ':' || bytes[at + 1] != ' ' || bytes[at + 2] == ' ') {
            return false;
        }
        const std::size_t value = at + 2;
        at = end_of_text(bytes, value);
        if (at == value || bytes[at - 1] == ' ' || bytes.size() - at < 4 || bytes[at] != '\r' || bytes[at + 1] != '\n' ||
            out.size() >= limits.fields || at - name > limits.line ||
            !out.push(bytes.substr(name, value - 2 - name), bytes.substr(value, at - value), true)) {
            return false;
        }
        at += 2;
    }
    return bytes.size() - at == 2 && bytes[at] == '\r';
}

}  // namespace cardea::http1
