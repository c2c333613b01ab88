#include "config/moment.hpp"

#include <gtest/gtest.h>

namespace cardea::config {
namespace {

using std::chrono::month;
using std::chrono::sys_days;
using std::chrono::system_clock;
using std::chrono::year;
using namespace std::chrono_literals;

constexpr WallTime moment(int y, unsigned m, unsigned d, system_clock::duration clock = {}) {
    return sys_days(year(y) / month(m) / std::chrono::day(d)) + clock;
}
const WallTime now = moment(2026, 11, 22, 20h + 30min + 5s + 250ms);

TEST(Moment, is_written_in_utc) {
    EXPECT_EQ(utc_text(now), "2026-11-22T20:30:05Z");
    EXPECT_EQ(utc_text_precise(now), "2026-11-22T20:30:05.250Z");
    EXPECT_EQ(utc_text(WallTime{}), "1970-01-01T00:00:00Z");
}

TEST(Moment, reads_what_it_writes) {
    EXPECT_EQ(parse_moment(utc_text_precise(now), {}), now);
    EXPECT_EQ(parse_moment(utc_text(now), {}), now - 250ms);
}

TEST(Moment, reads_dates_clocks_offsets_and_ages) {
    EXPECT_EQ(parse_moment("now", now), now);
    EXPECT_EQ(parse_moment("2026-11-22", now), moment(2026, 11, 22));
    EXPECT_EQ(parse_moment("2026-11-22 20:00", now), moment(2026, 11, 22, 20h));
    EXPECT_EQ(parse_moment("2026-11-22t20:00:05.5z", now), moment(2026, 11, 22, 20h + 5s + 500ms));
    EXPECT_EQ(parse_moment("2026-11-22T20:00:00.123456789Z", now), moment(2026, 11, 22, 20h + 123ms));
    EXPECT_EQ(parse_moment("2026-11-22T20:00:00+02:00", now), moment(2026, 11, 22, 18h));
    EXPECT_EQ(parse_moment("2026-11-22T20:00:00-0130", now), moment(2026, 11, 22, 21h + 30min));
    EXPECT_EQ(parse_moment("2024-02-29T00:00:00Z", now), moment(2024, 2, 29));
    EXPECT_EQ(parse_moment("@0", now), WallTime{});
    EXPECT_EQ(parse_moment("10m", now), now - 10min);
    EXPECT_EQ(parse_moment("1h30m", now), now - 90min);
}

TEST(Moment, a_time_of_day_is_the_last_one_that_has_passed) {
    EXPECT_EQ(parse_moment("20:00", now), moment(2026, 11, 22, 20h));
    EXPECT_EQ(parse_moment("20:30:05Z", now), moment(2026, 11, 22, 20h + 30min + 5s));
    EXPECT_EQ(parse_moment("20:31", now), moment(2026, 11, 21, 20h + 31min)) << "not in the future: yesterday";
    EXPECT_EQ(parse_moment("00:00", now), moment(2026, 11, 22));
}

TEST(Moment, refuses_what_is_none) {
    for (const std::string_view text : {"",
                                        " ",
                                        "yesterday",
                                        "2026-11",
                                        "2026-13-01",
                                        "2026-02-29",
                                        "2026-11-22T",
                                        "2026-11-22T24:00:00Z",
                                        "2026-11-22T20:60Z",
                                        "2026-11-22T20:00:00.Z",
                                        "2026-11-22T20:00:00+2",
                                        "2026-11-22T20:00:00Zx",
                                        "2026-11-22x",
                                        "9999-01-01",
                                        "1969-12-31",
                                        "20:0",
                                        "24:00",
                                        "20:00+01:00",
                                        "@",
                                        "@-1",
                                        "@99999999999999",
                                        "10",
                                        "-10m",
                                        "10m ago",
                                        "999999999999999d"}) {
        EXPECT_FALSE(parse_moment(text, now)) << text;
    }
}

}  // namespace
}  // namespace cardea::config
