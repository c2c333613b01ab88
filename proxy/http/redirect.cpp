#include "proxy/http/redirect.hpp"

namespace cardea::http {

namespace {

bool take(std::string_view& text, std::string_view word) {
    if (!text.starts_with(word)) {
        return false;
    }
    text.remove_prefix(word.size());
    return true;
}

}  // namespace

std::string expand_redirect(std::string_view to, const RequestHead& head) {
    std::string out;
    const bool v6 = head.host.find(':') != std::string_view::npos;
    while (!to.empty()) {
        if (take(to, "{host}")) {
            out += v6 ? "[" : "";
            out += head.host;
            out += v6 ? "]" : "";
        } else if (take(to, "{path}")) {
            out += head.path;
        } else if (take(to, "{query}")) {
            out += head.query;
        } else if (head.has_query || !take(to, "?{query}")) {
            out += to.front();
            to.remove_prefix(1);
        }
    }
    return out;
}

}  // namespace cardea::http
