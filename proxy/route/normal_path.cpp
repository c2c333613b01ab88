#include "proxy/route/normal_path.hpp"

#include "config/text.hpp"

#include <cstddef>

namespace cardea::route {

namespace {

bool normal(std::string_view path) {
    for (std::size_t at = 0; at < path.size(); ++at) {
        if (path[at] == '%' || (path[at] == '/' && at + 1 < path.size() && (path[at + 1] == '/' || path[at + 1] == '.'))) {
            return false;
        }
    }
    return true;
}

/// Appends to memory that is as long as the path received, which is always enough.
class PathBuilder {
public:
    explicit PathBuilder(char* room) : room_(room) {}

    void put(char c) { room_[size_++] = c; }
    [[nodiscard]] std::string_view text() const { return {room_, size_}; }

    /// Looks at the segment just ended, which begins behind the last slash.
    void end_segment() {
        const auto slash = text().rfind('/');
        const auto segment = text().substr(slash + 1);
        if (segment == ".") {
            size_ = slash + 1;
        } else if (segment == "..") {
            const auto parent = slash == 0 ? 0 : text().substr(0, slash).rfind('/');
            size_ = parent + 1;
        }
    }
    void put_slash() {
        end_segment();
        if (room_[size_ - 1] != '/') {
            put('/');
        }
    }

private:
    char* room_;
    std::size_t size_{0};
};

std::string_view normalise(std::string_view path, char* room) {
    PathBuilder out(room);
    out.put('/');
    for (std::size_t at = 1; at < path.size(); ++at) {
        if (path[at] == '/') {
            out.put_slash();
            continue;
        }
        const int high = path[at] == '%' && at + 2 < path.size() ? config::hex_digit(path[at + 1]) : -1;
        const int low = high >= 0 ? config::hex_digit(path[at + 2]) : -1;
        if (low < 0) {
            out.put(path[at]);
            continue;
        }
        const char decoded = static_cast<char>(high * 16 + low);
        if (config::unreserved(decoded)) {
            out.put(decoded);
        } else {
            constexpr std::string_view digits = "0123456789ABCDEF";
            out.put('%');
            out.put(digits[static_cast<std::size_t>(high)]);
            out.put(digits[static_cast<std::size_t>(low)]);
        }
        at += 2;
    }
    out.end_segment();
    return out.text();
}

}  // namespace

NormalPath::NormalPath(std::string_view received) : text_(received) {
    if (received.empty()) {
        text_ = "/";
    } else if (received.front() == '/' && !normal(received)) {
        char* room = room_.data();
        if (received.size() > room_.size()) {
            long_room_.resize(received.size());
            room = long_room_.data();
        }
        text_ = normalise(received, room);
    }
}

}  // namespace cardea::route
