#include "config/units.hpp"

#include "config/text.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace cardea::config {

namespace {

struct DurationUnit {
    std::string_view name;
    std::int64_t milliseconds;
};
constexpr std::array<DurationUnit, 5> duration_units{{{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::int64_t longest_duration = 3650 * duration_units[0].milliseconds;  // ten years: far from any overflow of a clock

struct BytesUnit {
    char name;
    std::uint64_t count;
};
constexpr std::array<BytesUnit, 4> bytes_units{{{'g', 1ULL << 30U}, {'m', 1ULL << 20U}, {'k', 1ULL << 10U}, {'b', 1}}};
constexpr std::uint64_t most_bytes = 1ULL << 50U;

std::string_view take_digits(std::string_view& text) {
    const auto end = std::find_if_not(text.begin(), text.end(), ascii_digit);
    const auto digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(digits.size());
    return digits;
}

tl::unexpected<Error> bad_duration(std::string_view text, std::string_view why) {
    return failure("`" + printable(text) + "` is not a duration: " + std::string(why), {},
                   "write a number and a unit, as in 250ms, 10s, 1m30s, 1h");
}

tl::unexpected<Error> bad_bytes(std::string_view text, std::string_view why) {
    return failure("`" + printable(text) + "` is not a size: " + std::string(why), {},
                   "write a number and a unit, as in 512b, 32k, 4m, 1g");
}

}  // namespace

Result<std::uint64_t> parse_unsigned(std::string_view text, std::uint64_t max) {
    if (text.empty() || !std::all_of(text.begin(), text.end(), ascii_digit)) {
        return failure("`" + printable(text) + "` is not a whole number", {}, "write decimal digits only");
    }
    std::uint64_t value = 0;
    for (const char c : text) {
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (digit > max || value > (max - digit) / 10) {
            return failure("`" + printable(text) + "` is too large", {}, "at most " + std::to_string(max));
        }
        value = value * 10 + digit;
    }
    return value;
}

Result<Duration> parse_duration(std::string_view text) {
    if (text.empty()) {
        return bad_duration(text, "it is empty");
    }
    std::int64_t total = 0;
    std::int64_t smallest = std::numeric_limits<std::int64_t>::max();
    for (std::string_view rest = text; !rest.empty();) {
        const auto number = parse_unsigned(take_digits(rest), static_cast<std::uint64_t>(longest_duration));
        if (!number) {
            return bad_duration(text, "a number is missing or too large");
        }
        const auto unit_end = std::find_if(rest.begin(), rest.end(), ascii_digit);
        const auto name = rest.substr(0, static_cast<std::size_t>(unit_end - rest.begin()));
        rest.remove_prefix(name.size());
        const auto unit = std::find_if(duration_units.begin(), duration_units.end(), [name](const auto& u) { return u.name == name; });
        if (unit == duration_units.end()) {
            return bad_duration(text, name.empty() ? "the unit is missing" : "units are ms, s, m, h and d");
        }
        if (unit->milliseconds >= smallest) {
            return bad_duration(text, "larger units come first, each once");
        }
        smallest = unit->milliseconds;
        if (static_cast<std::int64_t>(*number) > (longest_duration - total) / unit->milliseconds) {
            return bad_duration(text, "longer than ten years");
        }
        total += static_cast<std::int64_t>(*number) * unit->milliseconds;
    }
    return Duration{total};
}

Result<Bytes> parse_bytes(std::string_view text) {
    std::string_view rest = text;
    const auto number = parse_unsigned(take_digits(rest), most_bytes);
    if (!number) {
        return bad_bytes(text, "a number is missing or too large");
    }
    const auto unit =
        std::find_if(bytes_units.begin(), bytes_units.end(), [rest](const auto& u) { return rest.size() == 1 && u.name == rest.front(); });
    if (unit == bytes_units.end()) {
        return bad_bytes(text, rest.empty() ? "the unit is missing" : "units are b, k, m and g, powers of 1024");
    }
    if (*number > most_bytes / unit->count) {
        return bad_bytes(text, "larger than 1024 tebibytes");
    }
    return Bytes{*number * unit->count};
}

std::string to_string(Duration duration) {
    std::int64_t rest = duration.count();
    if (rest == 0) {
        return "0ms";
    }
    std::string out = rest < 0 ? "-" : "";
    rest = rest < 0 ? -rest : rest;
    for (const auto& unit : duration_units) {
        if (rest >= unit.milliseconds) {
            out += std::to_string(rest / unit.milliseconds);
            out += unit.name;
            rest %= unit.milliseconds;
        }
    }
    return out;
}

std::string to_string(Bytes bytes) {
    const auto unit = std::find_if(bytes_units.begin(), bytes_units.end(),
                                   [bytes](const auto& u) { return bytes.count >= u.count && bytes.count % u.count == 0; });
    const auto& exact = unit == bytes_units.end() ? bytes_units.back() : *unit;
    return std::to_string(bytes.count / exact.count) + exact.name;
}

}  // namespace cardea::config
