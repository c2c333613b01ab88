#include "proxy/observe/combined.hpp"

#include <gtest/gtest.h>
#include <cstdlib>
#include <ctime>

namespace cardea::observe {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view time_text = "22/Nov/2026:20:00:00 +0000";

std::string combined_line(const Record& record) {
    std::string out;
    append_combined(record, time_text, out);
    return out;
}

Record plain_record() {
    Record record;
    record.client_ip = "127.0.0.1";
    record.request_line = "GET /a?b=c HTTP/1.1";
    record.status = 200;
    record.body_bytes = 612;
    return record;
}

TEST(Combined, plain_request) {
    Record record = plain_record();
    record.user_agent = "curl/7.88.1";
    EXPECT_EQ(combined_line(record), "127.0.0.1 - - [22/Nov/2026:20:00:00 +0000] \"GET /a?b=c HTTP/1.1\" 200 612 \"-\" \"curl/7.88.1\"\n");
}

TEST(Combined, absent_is_a_dash_but_empty_is_nothing) {
    Record record = plain_record();
    record.referer = ""sv;
    EXPECT_EQ(combined_line(record), "127.0.0.1 - - [22/Nov/2026:20:00:00 +0000] \"GET /a?b=c HTTP/1.1\" 200 612 \"\" \"-\"\n");
    record.request_line = {};
    record.status = 0;
    record.body_bytes = 0;
    EXPECT_EQ(combined_line(record), "127.0.0.1 - - [22/Nov/2026:20:00:00 +0000] \"-\" 000 0 \"\" \"-\"\n");
}

TEST(Combined, every_odd_byte_is_escaped_in_upper_case_hex) {
    Record record = plain_record();
    record.user_agent = "a\"b\\c\x7f\xe9\x97\xa8\t\x01'~ z"sv;
    EXPECT_NE(combined_line(record).find(R"("a\x22b\x5Cc\x7F\xE9\x97\xA8\x09\x01'~ z")"), std::string::npos) << combined_line(record);
    record.request_line = "GET /\n127.0.0.1 forged HTTP/1.1"sv;
    EXPECT_NE(combined_line(record).find(R"("GET /\x0A127.0.0.1 forged HTTP/1.1")"), std::string::npos);
}

TEST(Combined, user_of_basic_credentials_and_never_more) {
    std::string room;
    EXPECT_EQ(basic_user("Basic YWxpY2U6c2VjcmV0", room), "alice");
    EXPECT_EQ(basic_user("bAsIc    YWxpY2U6c2VjcmV0", room), "alice");
    EXPECT_EQ(basic_user("Basic YWxpY2U6", room), "alice");
    EXPECT_EQ(basic_user("Basic YWxpY2U", room).data(), nullptr) << "no colon: could be a password alone";
    EXPECT_EQ(basic_user("Basic OnNlY3JldA==", room).data(), nullptr) << "empty name";
    EXPECT_EQ(basic_user("Basic !!!!", room).data(), nullptr);
    EXPECT_EQ(basic_user("Basic A", room).data(), nullptr);
    EXPECT_EQ(basic_user("Basic ", room).data(), nullptr);
    EXPECT_EQ(basic_user("Basic      ", room).data(), nullptr);
    EXPECT_EQ(basic_user("Bearer YWxpY2U6c2VjcmV0", room).data(), nullptr);
    EXPECT_EQ(basic_user({}, room).data(), nullptr);
    Record record = plain_record();
    record.authorization = "Basic YWxpY2U6c2VjcmV0";
    EXPECT_EQ(combined_line(record).substr(0, 20), "127.0.0.1 - alice [2");
    record.authorization = "Basic YSIgYjp4";  // `a" b:x`
    EXPECT_EQ(combined_line(record).substr(0, 23), "127.0.0.1 - a\\x22 b [22");
}

TEST(LocalTime, follows_the_second_and_the_zone) {
    ::setenv("TZ", "CST-8", 1);
    ::tzset();
    LocalTime time;
    const config::WallTime base{std::chrono::seconds(1'795'377'600)};
    EXPECT_EQ(time.text(base), "23/Nov/2026:04:00:00 +0800");
    EXPECT_EQ(time.text(base + std::chrono::milliseconds(999)), "23/Nov/2026:04:00:00 +0800");
    EXPECT_EQ(time.text(base + std::chrono::milliseconds(1000)), "23/Nov/2026:04:00:01 +0800");
    ::unsetenv("TZ");
    ::tzset();
}

}  // namespace
}  // namespace cardea::observe
