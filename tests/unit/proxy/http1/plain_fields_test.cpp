#include "proxy/http1/plain_fields.hpp"

#include "proxy/http1/scan.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cardea::http1 {
namespace {

constexpr FieldLimits usual{10, 100};

TEST(PlainFields, are_read_as_they_are) {
    http::Fields fields;
    ASSERT_TRUE(
        read_plain_fields("Host: a.example\r\nX-Long: a value, longer than sixteen bytes; q=\"1\"\r\nX-A: 1\r\n\r\n", usual, fields));
    ASSERT_EQ(fields.size(), 3U);
    EXPECT_EQ(fields.value(http::FieldId::host), "a.example");
    EXPECT_EQ(fields.all()[1].name, "X-Long");
    EXPECT_EQ(fields.all()[1].value, "a value, longer than sixteen bytes; q=\"1\"");
    EXPECT_EQ(fields.all()[2].value, "1");
    EXPECT_TRUE(fields.all()[2].canonical);
    EXPECT_TRUE(read_plain_fields("\r\n", usual, fields));
    EXPECT_EQ(fields.size(), 0U);
}

TEST(PlainFields, leave_everything_else_to_others) {
    http::Fields fields;
    for (const char* section : {
             "A:1\r\n\r\n",
             "A:  1\r\n\r\n",
             "A: 1 \r\n\r\n",
             "A: \r\n\r\n",
             "A:\t1\r\n\r\n",
             "A: 1\t2\r\n\r\n",
             "A: 1\n\r\n",
             "A: 1\r\r\n\r\n",
             "A: 1\r\n 2\r\n\r\n",
             "A : 1\r\n\r\n",
             " A: 1\r\n\r\n",
             ": 1\r\n\r\n",
             "A\r\n\r\n",
             "A\xc3: 1\r\n\r\n",
             "A: \xc3\xa9\r\n\r\n",
             "A: a value that is longer \x01 than sixteen\r\n\r\n",
             "A: a value that is longer \x7f than sixteen\r\n\r\n",
             "A: a value that is longer \x80 than sixteen\r\n\r\n",
             "A: 1\r\n\r\nB",
             "A: 1\r\n",
             "A: 1\r",
             "A: 1",
             "A:",
             "A",
             "",
             "\r",
             "\n\n",
         }) {
        EXPECT_FALSE(read_plain_fields(section, usual, fields)) << section;
    }
    EXPECT_FALSE(read_plain_fields(std::string("A: a\0b\r\n\r\n", 10), usual, fields));
    EXPECT_FALSE(read_plain_fields("A: 1\r\nB: 2\r\n\r\n", {1, 100}, fields)) << "more than are allowed";
    EXPECT_TRUE(read_plain_fields("A: 1234\r\n\r\n", {1, 7}, fields));
    EXPECT_FALSE(read_plain_fields("A: 12345\r\n\r\n", {1, 7}, fields)) << "longer than is allowed";
}

/// Whatever is looked at together, the answer is that of one byte after the other.
TEST(Scan, finds_the_byte_wherever_it_is) {
    for (std::size_t size = 0; size < 50; ++size) {
        for (std::size_t at = 0; at <= size; ++at) {
            for (const char c : {'\n', '\r', '\x1f', '\x7f', '\x80', '\xff'}) {
                std::string text(size, 'x');
                if (at < size) {
                    text[at] = c;
                }
                for (std::size_t from = 0; from <= size; ++from) {
                    const bool ahead = from <= at;
                    EXPECT_EQ(end_of_text(text, from), ahead ? at : size);
                    EXPECT_EQ(find_line_feed(text, from), ahead && c == '\n' ? at : size);
                }
            }
        }
    }
}

}  // namespace
}  // namespace cardea::http1
