// The path normaliser against a slow one that follows the README word by word.
#include "proxy/route/normal_path.hpp"
#include "proxy/http/target.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <vector>

namespace cardea::route {
namespace {

constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

/// Escapes of unreserved characters are those characters, others have capital digits.
std::string decoded(const std::string& path) {
    std::string out;
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (path[i] != '%') {
            out += path[i];
            continue;
        }
        const auto code = path.substr(i + 1, 2);
        const char c = static_cast<char>(std::stoi(code, nullptr, 16));
        if (plain.find(c) != std::string_view::npos) {
            out += c;
        } else {
            out += '%';
            std::ranges::transform(code, std::back_inserter(out), [](char digit) { return static_cast<char>(std::toupper(digit)); });
        }
        i += 2;
    }
    return out;
}

/// Empty where it climbs above the root.
std::optional<std::string> slowly(const std::string& path) {
    std::vector<std::string> segments{""};
    for (const char c : decoded(path).substr(1)) {
        if (c == '/') {
            segments.emplace_back();
        } else {
            segments.back() += c;
        }
    }
    const auto last = segments.back();
    std::vector<std::string> kept;
    for (const auto& segment : segments) {
        if (segment == "..") {
            if (kept.empty()) {
                return std::nullopt;
            }
            kept.pop_back();
        } else if (!segment.empty() && segment != ".") {
            kept.push_back(segment);
        }
    }
    std::string out;
    for (const auto& segment : kept) {
        out += "/" + segment;
    }
    const bool directory = last.empty() || last == "." || last == "..";
    return out + (directory || out.empty() ? "/" : "");
}

std::string some_path() {
    static const std::vector<std::string> parts{"/",   "/",   "..",  ".",   "a", "b/",      "%2e", "%2E",  "%2f", "%2F", "%5c", "%41",
                                                "%7e", "%c3", "%C3", "%25", ";", "%2e%2e/", "/./", "/../", "//",  "%00", "*",   "~"};
    std::string out = "/";
    for (const auto& part : *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(parts))) {
        out += part;
    }
    return out;
}

RC_GTEST_PROP(NormalPath, is_what_a_slow_reading_says, ()) {
    const auto path = some_path();
    const auto wanted = slowly(path);
    RC_ASSERT(http::climbs_above_root(path) == !wanted.has_value());
    if (wanted) {
        RC_ASSERT(std::string(NormalPath(path).text()) == *wanted);
    }
}

RC_GTEST_PROP(NormalPath, normalised_again_is_the_same, ()) {
    const auto path = some_path();
    const std::string once{NormalPath(path).text()};
    RC_ASSERT(std::string(NormalPath(once).text()) == once);
    RC_ASSERT(!http::climbs_above_root(once));
    RC_ASSERT(once.size() <= path.size());
    RC_ASSERT(http::has_encoded_slash(once) == http::has_encoded_slash(std::string(NormalPath(once).text())));
}

}  // namespace
}  // namespace cardea::route
