#include "discovery/docker/event_stream.hpp"

#include <utility>

namespace cardea::docker {

std::vector<std::string> EventStream::feed(std::string_view bytes) {
    std::vector<std::string> out;
    for (const char c : bytes) {
        next(c, out);
    }
    return out;
}

void EventStream::next(char c, std::vector<std::string>& out) {
    if (depth_ == 0 && c != '{') {
        return;
    }
    if (!passing_over_) {
        if (object_.size() == max_object_bytes_) {
            object_ = {};
            passing_over_ = true;
        } else {
            object_ += c;
        }
    }
    if (in_string_) {
        if (c == '\n') {  // never inside a JSON string: the rest of this object is missing
            drop();
        } else if (escaped_) {
            escaped_ = false;
        } else if (c == '\\') {
            escaped_ = true;
        } else if (c == '"') {
            in_string_ = false;
        }
        return;
    }
    if (c == '"') {
        in_string_ = true;
    } else if (c == '{' || c == '[') {
        ++depth_;
    } else if ((c == '}' || c == ']') && --depth_ == 0) {
        if (passing_over_) {
            drop();
        } else {
            out.push_back(std::exchange(object_, {}));
        }
    }
}

void EventStream::drop() {
    ++lost_;
    object_.clear();
    depth_ = 0;
    in_string_ = escaped_ = passing_over_ = false;
}

}  // namespace cardea::docker
