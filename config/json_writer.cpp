#include "config/json.hpp"
#include "config/text.hpp"

#include <cassert>
#include <charconv>
#include <cmath>

namespace cardea::config::json {

void append_quoted(std::string& out, std::string_view text) {
    constexpr std::string_view hex = "0123456789abcdef";
    out.push_back('"');
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t run = at;
        while (at < text.size() && unquoted_chars.has(text[at])) {
            ++at;
        }
        out.append(text, run, at - run);
        if (at == text.size()) {
            break;
        }
        const std::size_t length = utf8_length(text.substr(at));
        if (length == 0) {
            out += "\xEF\xBF\xBD";
            ++at;
            continue;
        }
        const char c = text[at];
        if (length > 1) {
            out.append(text.substr(at, length));
        } else if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (c == '\n') {
            out += "\\n";
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += "\\u00";
            out.push_back(hex[byte >> 4U]);
            out.push_back(hex[byte & 15U]);
        }
        at += length;
    }
    out.push_back('"');
}

void Writer::separate() {
    const std::uint64_t bit = std::uint64_t{1} << depth_;
    if (!after_key_ && (filled_ & bit) != 0) {
        out_.push_back(',');
    }
    filled_ |= bit;
    after_key_ = false;
}

Writer& Writer::open(char bracket) {
    separate();
    ++depth_;
    assert(depth_ < max_depth);
    filled_ &= ~(std::uint64_t{1} << depth_);
    out_.push_back(bracket);
    return *this;
}

Writer& Writer::close(char bracket) {
    assert(depth_ > 0 && !after_key_);
    --depth_;
    out_.push_back(bracket);
    return *this;
}

Writer& Writer::key(std::string_view name) {
    separate();
    append_quoted(out_, name);
    out_.push_back(':');
    after_key_ = true;
    return *this;
}

Writer& Writer::value(std::string_view text) {
    separate();
    append_quoted(out_, text);
    return *this;
}

Writer& Writer::value(bool flag) {
    return raw(flag ? "true" : "false");
}
Writer& Writer::null() {
    return raw("null");
}

Writer& Writer::value(double number) {
    if (!std::isfinite(number)) {
        return null();
    }
    std::array<char, 32> room{};
    const auto end = std::to_chars(room.data(), room.data() + room.size(), number).ptr;
    return raw({room.data(), static_cast<std::size_t>(end - room.data())});
}

Writer& Writer::integer(std::int64_t number) {
    std::array<char, 20> room{};
    return raw({room.data(), std::to_chars(room.data(), room.data() + room.size(), number).ptr});
}
Writer& Writer::integer(std::uint64_t number) {
    std::array<char, 20> room{};
    return raw({room.data(), std::to_chars(room.data(), room.data() + room.size(), number).ptr});
}

Writer& Writer::raw(std::string_view json) {
    separate();
    out_.append(json);
    return *this;
}

}  // namespace cardea::config::json
