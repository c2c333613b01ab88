#include "proxy/command/event_lines.hpp"

namespace cardea::command {

void EventLines::feed(std::string_view bytes) {
    for (const char c : bytes) {
        if (c == '\n') {
            line();
            line_.clear();
        } else if (line_.size() < line_max) {
            line_ += c;
        }
    }
}

void EventLines::restart() {
    line_.clear();
    event_ = {};
}

void EventLines::line() {
    if (line_.empty()) {
        if (!event_.data.empty()) {
            take_(event_);
        }
        event_ = {};
        return;
    }
    const auto colon = line_.find(':');
    if (colon == 0 || colon == std::string::npos) {
        return;  // a comment, or a field of no use here
    }
    const std::string_view name = std::string_view(line_).substr(0, colon);
    std::string_view value = std::string_view(line_).substr(colon + 1);
    value.remove_prefix(value.starts_with(' ') ? 1 : 0);
    if (name == "data") {
        event_.data += (event_.data.empty() ? "" : "\n") + std::string(value);
    } else if (name == "event") {
        event_.name = value;
    } else if (name == "id") {
        last_id_ = value;
    }
}

}  // namespace cardea::command
