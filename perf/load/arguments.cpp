#include "perf/load/arguments.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace cardea::load {

namespace {

// A number and the unit behind it.
std::pair<std::uint64_t, std::string_view> split_unit(std::string_view key, std::string_view text) {
    const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto number = parse_number(text.substr(0, digits));
    if (!number) {
        throw UsageError("--" + std::string(key) + ": expected a number, found `" + std::string(text) + "`");
    }
    return {*number, text.substr(digits)};
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view digits) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size()) {
        return std::nullopt;
    }
    return value;
}

Arguments::Arguments(int count, char** values, const std::vector<std::string_view>& known, const std::vector<std::string_view>& flags) {
    const std::vector<std::string_view> given(values + 1, values + count);
    for (std::size_t i = 0; i < given.size(); ++i) {
        if (!given[i].starts_with("--")) {
            words_.emplace_back(given[i]);
            continue;
        }
        const auto equals = given[i].find('=');
        const auto key = given[i].substr(2, equals == std::string_view::npos ? equals : equals - 2);
        const bool flag = std::ranges::find(flags, key) != flags.end();
        if (!flag && std::ranges::find(known, key) == known.end()) {
            throw UsageError("unknown option --" + std::string(key));
        }
        if (flag) {
            values_[std::string(key)].emplace_back("yes");
        } else if (equals != std::string_view::npos) {
            values_[std::string(key)].emplace_back(given[i].substr(equals + 1));
        } else if (i + 1 < given.size()) {
            values_[std::string(key)].emplace_back(given[++i]);
        } else {
            throw UsageError("--" + std::string(key) + " needs a value");
        }
    }
}

std::string Arguments::text(std::string_view key, std::string_view otherwise) const {
    const auto found = values_.find(std::string(key));
    return found == values_.end() ? std::string(otherwise) : found->second.back();
}

std::vector<std::string> Arguments::all(std::string_view key) const {
    const auto found = values_.find(std::string(key));
    return found == values_.end() ? std::vector<std::string>{} : found->second;
}

std::uint64_t Arguments::number(std::string_view key, std::uint64_t otherwise) const {
    const auto given = text(key, "");
    if (given.empty()) {
        return otherwise;
    }
    const auto [value, unit] = split_unit(key, given);
    if (unit.empty()) {
        return value;
    }
    if (unit == "k") {
        return value * 1'000;
    }
    if (unit == "m") {
        return value * 1'000'000;
    }
    throw UsageError("--" + std::string(key) + ": unknown unit `" + std::string(unit) + "`, expected k or m");
}

std::chrono::nanoseconds Arguments::duration(std::string_view key, std::chrono::nanoseconds otherwise) const {
    const auto given = text(key, "");
    if (given.empty()) {
        return otherwise;
    }
    const auto [value, unit] = split_unit(key, given);
    const auto count = static_cast<std::int64_t>(value);
    if (unit == "us") {
        return std::chrono::microseconds(count);
    }
    if (unit == "ms") {
        return std::chrono::milliseconds(count);
    }
    if (unit == "s") {
        return std::chrono::seconds(count);
    }
    if (unit == "m") {
        return std::chrono::minutes(count);
    }
    throw UsageError("--" + std::string(key) + ": expected a duration such as 3s or 20ms, found `" + given + "`");
}

}  // namespace cardea::load
