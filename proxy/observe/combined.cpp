#include "proxy/observe/combined.hpp"

#include "config/text.hpp"

#include <charconv>
#include <ctime>

namespace cardea::observe {

namespace {

void append_escaped(std::string_view value, std::string& out) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    if (value.data() == nullptr) {
        out += '-';
        return;
    }
    std::size_t begin = 0;  // of what is plain and not written yet
    for (std::size_t at = 0; at < value.size(); ++at) {
        if (!config::unquoted_chars.has(value[at])) {
            const auto byte = static_cast<unsigned char>(value[at]);
            out.append(value, begin, at - begin);
            out += "\\x";
            out += digits[byte >> 4U];
            out += digits[byte & 15U];
            begin = at + 1;
        }
    }
    out.append(value, begin);
}

void append_number(std::uint64_t value, std::string& out) {
    std::array<char, 20> room{};
    const auto end = std::to_chars(room.data(), room.data() + room.size(), value).ptr;
    out.append(room.data(), end);
}

/// Both alphabets, as nginx decodes it; 64 for anything else.
unsigned base64_value(char c) {
    if (c >= 'A' && c <= 'Z') {
        return static_cast<unsigned>(c - 'A');
    }
    if (c >= 'a' && c <= 'z') {
        return static_cast<unsigned>(c - 'a') + 26;
    }
    if (c >= '0' && c <= '9') {
        return static_cast<unsigned>(c - '0') + 52;
    }
    if (c == '+') {
        return 62;
    }
    return c == '/' ? 63 : 64;
}

bool decode_base64(std::string_view text, std::string& out) {
    while (!text.empty() && text.back() == '=') {
        text.remove_suffix(1);
    }
    if (text.size() % 4 == 1) {
        return false;
    }
    unsigned bits = 0;
    unsigned count = 0;
    for (const char c : text) {
        const unsigned value = base64_value(c);
        if (value > 63) {
            return false;
        }
        bits = (bits << 6U) | value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            out += static_cast<char>((bits >> count) & 0xffU);
        }
    }
    return true;
}

}  // namespace

std::string_view LocalTime::text(config::WallTime now) {
    const auto second = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
    if (second != second_) {
        second_ = second;
        const auto time = static_cast<std::time_t>(second);
        std::tm parts{};
        ::localtime_r(&time, &parts);
        size_ = std::strftime(room_.data(), room_.size(), "%d/%b/%Y:%H:%M:%S %z", &parts);
    }
    return {room_.data(), size_};
}

std::string_view basic_user(std::string_view authorization, std::string& room) {
    constexpr std::string_view scheme = "basic ";
    if (authorization.size() <= scheme.size()) {
        return {};
    }
    for (std::size_t i = 0; i < scheme.size(); ++i) {
        const char c = authorization[i];
        const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
        if (lower != scheme[i]) {
            return {};
        }
    }
    authorization.remove_prefix(authorization.find_first_not_of(' ', scheme.size()) == std::string_view::npos
                                    ? authorization.size()
                                    : authorization.find_first_not_of(' ', scheme.size()));
    room.clear();
    if (!decode_base64(authorization, room)) {
        return {};
    }
    const auto colon = room.find(':');
    if (colon == 0 || colon == std::string::npos) {
        return {};
    }
    return std::string_view(room).substr(0, colon);
}

void append_combined(const Record& record, std::string_view time_local, std::string& out) {
    std::string room;
    append_escaped(record.client_ip, out);
    out += " - ";
    append_escaped(basic_user(record.authorization, room), out);
    out += " [";
    out += time_local;
    out += "] \"";
    append_escaped(record.request_line, out);
    out += "\" ";
    if (record.status < 100) {
        out += "000";
    } else {
        append_number(record.status, out);
    }
    out += ' ';
    append_number(record.body_bytes, out);
    out += " \"";
    append_escaped(record.referer, out);
    out += "\" \"";
    append_escaped(record.user_agent, out);
    out += "\"\n";
}

}  // namespace cardea::observe
