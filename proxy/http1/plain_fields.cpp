#include "proxy/http1/plain_fields.hpp"

#include "config/text.hpp"
#include "proxy/http1/scan.hpp"

namespace cardea::http1 {

std::size_t read_plain_fields(std::string_view bytes, FieldLimits limits, http::Fields& out) {
    constexpr std::size_t least_line = 5;  // behind a name: colon, blank, a character, the end
    constexpr std::size_t line_end_size = 2;
    out.clear();
    std::size_t at = 0;
    while (bytes.size() - at >= line_end_size && bytes[at] != '\r') {
        const std::size_t name = at;
        at = end_of_word(bytes, at);
        while (at < bytes.size() && config::token_chars.has(bytes[at])) {
            ++at;
        }
        if (at == name || bytes.size() - at < least_line || bytes[at] != ':' || bytes[at + 1] != ' ' || bytes[at + 2] == ' ') {
            return 0;
        }
        const std::size_t value = at + 2;
        at = end_of_text(bytes, value);
        if (at == value || bytes[at - 1] == ' ' || bytes.size() - at < line_end_size || bytes[at] != '\r' || bytes[at + 1] != '\n' ||
            out.size() >= limits.fields || at - name > limits.line ||
            !out.push({bytes.data() + name, value - 2 - name}, {bytes.data() + value, at - value}, true)) {
            return 0;
        }
        at += line_end_size;
    }
    return bytes.size() - at >= line_end_size && bytes[at + 1] == '\n' ? at + line_end_size : 0;
}

}  // namespace cardea::http1
