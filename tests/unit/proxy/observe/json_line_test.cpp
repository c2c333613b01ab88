#include "proxy/observe/json_line.hpp"

#include "config/json.hpp"

#include <gtest/gtest.h>

namespace cardea::observe {
namespace {

using namespace std::chrono_literals;

std::string json_line_of(const Record& record) {
    std::string out;
    append_json(record, "T", out);
    EXPECT_TRUE(config::json::parse(out)) << out;
    return out;
}

TEST(JsonLine, time_is_utc_with_milliseconds) {
    UtcTime time;
    const config::WallTime start{1'795'348'800s};
    EXPECT_EQ(time.text(start), "2026-11-22T12:00:00.000Z");
    EXPECT_EQ(time.text(start + 7ms), "2026-11-22T12:00:00.007Z");
    EXPECT_EQ(time.text(start + 11h + 59min + 59s + 999ms), "2026-11-22T23:59:59.999Z");
    EXPECT_EQ(time.text(start + 12h), "2026-11-23T00:00:00.000Z");
}

TEST(JsonLine, an_ordinary_request_is_short) {
    Record record;
    record.client_ip = "10.0.0.1";
    record.request_line = "GET /a?b=c HTTP/1.1";
    record.request_id = "abc";
    record.status = 200;
    record.body_bytes = 2;
    record.duration_us = 1500;
    record.service = "web";
    record.endpoint = "e1";
    record.attempts = 1;
    EXPECT_EQ(json_line_of(record),
              R"({"time":"T","request_id":"abc","client":"10.0.0.1","method":"GET","target":"/a?b=c","protocol":"HTTP/1.1","status":200,)"
              R"("bytes":2,"duration_ms":1.5,"outcome":"complete","service":"web","attempts":1,"endpoint":"e1"})"
              "\n");
}

TEST(JsonLine, what_went_wrong_is_told) {
    Record record;
    record.request_line = "POST / HTTP/1.1";
    record.status = 502;
    record.reason = http::Reason::upstream_reset;
    record.loss = Loss::request_sent;
    record.outcome = Outcome::cut;
    record.moved = 1;
    record.queued_us = 2500;
    const auto document = config::json::parse(json_line_of(record));
    const auto line = document->root();
    EXPECT_EQ(line["reason"].string_or(""), "upstream_reset");
    EXPECT_EQ(line["lost"].string_or(""), "request_sent");
    EXPECT_EQ(line["outcome"].string_or(""), "cut");
    EXPECT_EQ(line["moved"].as_uint64(), 1U);
    EXPECT_EQ(line["queued_ms"].as_double(), 2.5);
}

TEST(JsonLine, hostile_text_stays_within_its_string) {
    Record record;
    record.request_line = "GARBAGE\"\n\x01\xff";
    record.user_agent = "a\",\"status\":200,\"b\":\"";
    const std::string line = json_line_of(record);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    const auto document = config::json::parse(line);
    EXPECT_TRUE(document->root()["request"].exists());
    EXPECT_FALSE(document->root()["method"].exists());
    EXPECT_EQ(document->root()["user_agent"].string_or(""), record.user_agent);
    EXPECT_EQ(document->root()["status"].as_uint64(), 0U);
}

TEST(JsonLine, only_the_name_of_a_user_is_written) {
    Record record;
    record.authorization = "Basic YWxpY2U6c2VjcmV0";
    const std::string line = json_line_of(record);
    EXPECT_NE(line.find(R"("user":"alice")"), std::string::npos);
    EXPECT_EQ(line.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace cardea::observe
