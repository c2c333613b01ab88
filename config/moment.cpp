#include "config/moment.hpp"

#include "config/text.hpp"

#include <array>
#include <cstdio>
#include <optional>

namespace cardea::config {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;

/// The years that a nanosecond clock can tell, with room at both ends.
constexpr int moment_year_min = 1970;
constexpr int moment_year_max = 2200;

/// Takes `count` digits off the front.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
    if (text.size() < count) {
        return std::nullopt;
    }
    int number = 0;
    for (const char c : text.substr(0, count)) {
        if (!ascii_digit(c)) {
            return std::nullopt;
        }
        number = number * 10 + (c - '0');
    }
    text.remove_prefix(count);
    return number;
}

bool take_mark(std::string_view& text, std::string_view marks) {
    if (text.empty() || marks.find(text.front()) == std::string_view::npos) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

/// `2026-11-22`
std::optional<sys_days> take_day(std::string_view& text) {
    const auto year = take_digits(text, 4);
    if (!year || !take_mark(text, "-")) {
        return std::nullopt;
    }
    const auto month = take_digits(text, 2);
    if (!month || !take_mark(text, "-")) {
        return std::nullopt;
    }
    const auto day = take_digits(text, 2);
    if (!day || *year < moment_year_min || *year > moment_year_max) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    return date.ok() ? std::optional<sys_days>(date) : std::nullopt;
}

/// `.5`: the digits after the third count for nothing.
std::optional<milliseconds> take_fraction(std::string_view& text) {
    if (!take_mark(text, ".")) {
        return milliseconds{0};
    }
    int value = 0, scale = 100;
    std::size_t digits = 0;
    for (; digits < text.size() && ascii_digit(text[digits]); ++digits, scale /= 10) {
        value += (text[digits] - '0') * scale;
    }
    text.remove_prefix(digits);
    return digits > 0 ? std::optional(milliseconds(value)) : std::nullopt;
}

/// `20:00`, `20:00:05.123`
std::optional<milliseconds> take_clock(std::string_view& text) {
    const auto hour = take_digits(text, 2);
    if (!hour || !take_mark(text, ":")) {
        return std::nullopt;
    }
    const auto minute = take_digits(text, 2);
    if (!minute || *hour > 23 || *minute > 59) {
        return std::nullopt;
    }
    milliseconds clock = hours(*hour) + minutes(*minute);
    if (take_mark(text, ":")) {
        const auto second = take_digits(text, 2);
        const auto fraction = second ? take_fraction(text) : std::nullopt;
        if (!fraction || *second > 60) {  // a leap second is the next one's beginning
            return std::nullopt;
        }
        clock += seconds(*second) + *fraction;
    }
    return clock;
}

/// `Z`, `+02:00`, nothing (UTC); the text must end there.
std::optional<minutes> take_offset(std::string_view text) {
    if (text.empty() || text == "Z" || text == "z") {
        return minutes{0};
    }
    const int sign = text.front() == '-' ? -1 : 1;
    if (!take_mark(text, "+-")) {
        return std::nullopt;
    }
    const auto hour = take_digits(text, 2);
    (void)take_mark(text, ":");
    const auto minute = take_digits(text, 2);
    if (!hour || !minute || *hour > 23 || *minute > 59 || !text.empty()) {
        return std::nullopt;
    }
    return sign * (hours(*hour) + minutes(*minute));
}

std::optional<WallTime> parse_date_time(std::string_view text) {
    const auto day = take_day(text);
    if (!day) {
        return std::nullopt;
    }
    milliseconds clock{0};
    if (!text.empty()) {
        const auto taken = take_mark(text, "Tt ") ? take_clock(text) : std::nullopt;
        if (!taken) {
            return std::nullopt;
        }
        clock = *taken;
    }
    const auto offset = take_offset(text);
    return offset ? std::optional<WallTime>(*day + clock - *offset) : std::nullopt;
}

std::optional<WallTime> parse_time_of_day(std::string_view text, WallTime now) {
    const auto clock = take_clock(text);
    if (!clock || (!text.empty() && text != "Z" && text != "z")) {
        return std::nullopt;
    }
    const WallTime today = std::chrono::floor<days>(now) + *clock;
    return today <= now ? today : today - days(1);
}

std::string stamp(WallTime time, bool precise) {
    const auto day = std::chrono::floor<days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{std::chrono::floor<milliseconds>(time - day)};
    std::array<char, 48> room{};
    const auto part = [](auto number) { return static_cast<int>(number); };
    const int size = std::snprintf(room.data(), room.size(), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                                   static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), part(clock.hours().count()),
                                   part(clock.minutes().count()), part(clock.seconds().count()));
    std::string text(room.data(), static_cast<std::size_t>(size));
    if (precise) {
        (void)std::snprintf(room.data(), room.size(), ".%03d", part(clock.subseconds().count()));
        text += room.data();
    }
    return text + "Z";
}

}  // namespace

std::string utc_text(WallTime time) {
    return stamp(time, false);
}

std::string utc_text_precise(WallTime time) {
    return stamp(time, true);
}

Result<WallTime> parse_moment(std::string_view text, WallTime now) {
    if (text == "now") {
        return now;
    }
    if (text.starts_with('@')) {
        if (const auto count = parse_unsigned(text.substr(1), 7'258'118'400)) {  // the year 2200
            return WallTime(seconds(*count));
        }
    } else if (const auto moment = parse_date_time(text)) {
        return *moment;
    } else if (const auto clock = parse_time_of_day(text, now)) {
        return *clock;
    } else if (const auto ago = parse_duration(text); ago && now.time_since_epoch() >= *ago) {
        return now - *ago;
    }
    return failure("`" + printable(text) + "` is not a moment", {},
                   "write 2026-11-22T20:00:00Z, 20:00:05 (UTC), @SECONDS, or how long ago: 10m");
}

}  // namespace cardea::config
