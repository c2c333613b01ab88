#include "discovery/query.hpp"

#include "config/text.hpp"

#include <algorithm>
#include <vector>

namespace cardea::discovery {

namespace {

int hex_digit(char c) {
    if (config::ascii_digit(c)) {
        return c - '0';
    }
    const char lower = config::ascii_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool unreserved(char c) {
    return config::ascii_digit(c) || config::ascii_alpha(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

config::Result<void> read_parameter(std::string_view part, config::ConsulRef& ref) {
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) {
        return config::failure("'" + config::printable(part) + "' has no value, expected NAME=VALUE");
    }
    const std::string_view name = part.substr(0, equals);
    auto value = percent_decode(part.substr(equals + 1));
    if (!value) {
        return tl::unexpected{value.error()};
    }
    if (name == "tag") {
        ref.tags.push_back(std::move(*value));
    } else if (name == "dc") {
        ref.datacenter = std::move(*value);
    } else if (name == "filter") {
        ref.filter = std::move(*value);
    } else {
        return config::failure("unknown parameter '" + config::printable(name) + "', expected tag, dc or filter");
    }
    return {};
}

}  // namespace

std::string percent_encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (unreserved(c)) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4U];
        out += digits[byte & 15U];
    }
    return out;
}

config::Result<std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return config::failure("'" + config::printable(text) + "' has a '%' without two hexadecimal digits");
        }
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

std::string query_text(const config::ConsulRef& ref) {
    std::vector<std::string> tags = ref.tags;
    std::sort(tags.begin(), tags.end());
    tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
    std::string out = percent_encode(ref.service);
    char separator = '?';
    const auto add = [&out, &separator](std::string_view name, const std::string& value) {
        out += separator;
        out += name;
        out += '=';
        out += percent_encode(value);
        separator = '&';
    };
    for (const std::string& tag : tags) {
        add("tag", tag);
    }
    if (!ref.datacenter.empty()) {
        add("dc", ref.datacenter);
    }
    if (!ref.filter.empty()) {
        add("filter", ref.filter);
    }
    return out;
}

config::Result<config::ConsulRef> parse_query(std::string_view text) {
    const std::size_t mark = text.find('?');
    auto service = percent_decode(text.substr(0, mark));
    if (!service) {
        return tl::unexpected{service.error()};
    }
    if (service->empty()) {
        return config::failure("'" + config::printable(text) + "' names no service");
    }
    config::ConsulRef ref;
    ref.service = std::move(*service);
    std::string_view rest = mark == std::string_view::npos ? std::string_view{} : text.substr(mark + 1);
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('&'), rest.size());
        if (auto read = read_parameter(rest.substr(0, end), ref); !read) {
            return tl::unexpected{read.error()};
        }
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return ref;
}

}  // namespace cardea::discovery
