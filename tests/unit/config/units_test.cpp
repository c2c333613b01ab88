#include "config/units.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace cardea::config {
namespace {

using namespace std::chrono_literals;

TEST(Units, reads_durations_of_one_or_more_parts) {
    EXPECT_EQ(parse_duration("0ms"), Duration{0});
    EXPECT_EQ(parse_duration("250ms"), Duration{250});
    EXPECT_EQ(parse_duration("10s"), Duration{10s});
    EXPECT_EQ(parse_duration("1m30s"), Duration{90s});
    EXPECT_EQ(parse_duration("1d2h3m4s5ms"), Duration{24h + 2h + 3min + 4s + 5ms});
    EXPECT_EQ(parse_duration("90s"), Duration{90s});
    EXPECT_EQ(parse_duration("3650d"), Duration{24h * 3650});
}

TEST(Units, refuses_what_is_no_duration) {
    for (const std::string_view text : {"",      "0",        "10",
                                        "s",     "10 s",     " 10s",
                                        "10s ",  "-1s",      "+1s",
                                        "1.5s",  "1S",       "1x",
                                        "1s1m",  "1s2s",     "1m30",
                                        "1e3s",  "1m30s\n",  "99999999999999999999s",
                                        "3651d", "3650d1ms", "9223372036854775807ms",
                                        "1ms1s", "１s"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

TEST(Units, writes_durations_that_read_back_alike) {
    EXPECT_EQ(to_string(Duration{0}), "0ms");
    EXPECT_EQ(to_string(Duration{90s}), "1m30s");
    EXPECT_EQ(to_string(Duration{250}), "250ms");
    EXPECT_EQ(to_string(Duration{1h}), "1h");
    EXPECT_EQ(to_string(Duration{-1500}), "-1s500ms");
    for (const std::int64_t ms : {1LL, 999LL, 1000LL, 61'001LL, 86'399'999LL, 315'360'000'000LL}) {
        EXPECT_EQ(parse_duration(to_string(Duration{ms})), Duration{ms});
    }
}

TEST(Units, sizes_need_a_unit_and_are_binary) {
    EXPECT_EQ(parse_bytes("0b"), Bytes{0});
    EXPECT_EQ(parse_bytes("1000b"), Bytes{1000});
    EXPECT_EQ(parse_bytes("32k"), Bytes{32768});
    EXPECT_EQ(parse_bytes("4m"), Bytes{4U << 20U});
    EXPECT_EQ(parse_bytes("1g"), Bytes{1U << 30U});
    for (const std::string_view text :
         {"", "512", "k", "1.5m", "32K", "32kb", "32 k", "-1k", "1t", "99999999999999999999k", "1048577g", " 1k", "1k1b"}) {
        EXPECT_FALSE(parse_bytes(text)) << text;
    }
}

TEST(Units, writes_sizes_that_read_back_alike) {
    EXPECT_EQ(to_string(Bytes{0}), "0b");
    EXPECT_EQ(to_string(Bytes{1000}), "1000b");
    EXPECT_EQ(to_string(Bytes{32768}), "32k");
    EXPECT_EQ(to_string(Bytes{1U << 20U}), "1m");
    EXPECT_EQ(to_string(Bytes{(1U << 20U) + 1024}), "1025k");
}

TEST(Units, reads_whole_numbers_up_to_their_maximum) {
    constexpr auto max = std::numeric_limits<std::uint64_t>::max();
    EXPECT_EQ(parse_unsigned("0", 0), 0U);
    EXPECT_EQ(parse_unsigned("007", 7), 7U);
    EXPECT_EQ(parse_unsigned("65535", 65535), 65535U);
    EXPECT_EQ(parse_unsigned("18446744073709551615", max), max);
    EXPECT_FALSE(parse_unsigned("18446744073709551616", max));
    EXPECT_FALSE(parse_unsigned("99999999999999999999999", max));
    EXPECT_FALSE(parse_unsigned("65536", 65535));
    EXPECT_FALSE(parse_unsigned("1", 0));
    for (const std::string_view text : {"", "-5", "+5", " 5", "5 ", "0x5", "5.0", "５"}) {
        EXPECT_FALSE(parse_unsigned(text, max)) << text;
    }
}

TEST(Units, says_what_was_found_and_how_to_write_it) {
    const auto error = parse_duration("10").error();
    EXPECT_EQ(error.what, "`10` is not a duration: the unit is missing");
    EXPECT_EQ(error.hint, "write a number and a unit, as in 250ms, 10s, 1m30s, 1h");
}

}  // namespace
}  // namespace cardea::config
