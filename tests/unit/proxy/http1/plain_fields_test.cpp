#include "proxy/http1/plain_fields.hpp"

#include "proxy/http1/scan.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cardea::http1 {
namespace {

constexpr FieldLimits usual{10, 100};

TEST(PlainFields, are_read_as_they_are) {
    http::Fields fields;
    ASSERT_NE(read_plain_fields("Host: a.example\r\nX-Long: a value, longer than sixteen bytes; q=\"1\"\r\nX-A: 1\r\n\r\n", usual, fields),
              0U);
    ASSERT_EQ(fields.size(), 3U);
    EXPECT_EQ(fields.value(http::FieldId::host), "a.example");
    EXPECT_EQ(fields.all()[1].name, "X-Long");
    EXPECT_EQ(fields.all()[1].value, "a value, longer than sixteen bytes; q=\"1\"");
    EXPECT_EQ(fields.all()[2].value, "1");
    EXPECT_TRUE(fields.all()[2].canonical);
    EXPECT_EQ(read_plain_fields("\r\n", usual, fields), 2U);
    EXPECT_EQ(fields.size(), 0U);
    EXPECT_EQ(read_plain_fields("A: 1\r\n\r\nB: 2\r\n\r\n", usual, fields), 8U) << "what follows is not looked at";
    EXPECT_EQ(fields.size(), 1U);
    EXPECT_EQ(read_plain_fields("x_b.c!: 1\r\n\r\n", usual, fields), 13U) << "any token is a name";
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
             "A: 1\r\n",
             "A: 1\r",
             "A: 1",
             "A:",
             "A",
             "",
             "\r",
             "\n\n",
         }) {
        EXPECT_EQ(read_plain_fields(section, usual, fields), 0U) << section;
    }
    EXPECT_EQ(read_plain_fields(std::string("A: a\0b\r\n\r\n", 10), usual, fields), 0U);
    EXPECT_EQ(read_plain_fields("A: 1\r\nB: 2\r\n\r\n", {1, 100}, fields), 0U) << "more than are allowed";
    EXPECT_NE(read_plain_fields("A: 1234\r\n\r\n", {1, 7}, fields), 0U);
    EXPECT_EQ(read_plain_fields("A: 12345\r\n\r\n", {1, 7}, fields), 0U) << "longer than is allowed";
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
                    EXPECT_EQ(end_of_word(text, from), ahead ? at : size);
                    EXPECT_EQ(LineFeeds(text, from).next(), ahead && c == '\n' ? at : size);
                }
            }
        }
    }
}

TEST(Scan, tells_every_line_feed) {
    for (std::size_t size = 0; size < 70; ++size) {
        for (std::size_t step = 1; step < 40; ++step) {
            std::string text(size, 'x');
            for (std::size_t at = 0; at < size; at += step) {
                text[at] = '\n';
            }
            for (std::size_t from = 0; from <= size; ++from) {
                LineFeeds feeds(text, from);
                for (std::size_t at = (from + step - 1) / step * step; at < size; at += step) {
                    ASSERT_EQ(feeds.next(), at);
                }
                ASSERT_EQ(feeds.next(), size);
                ASSERT_EQ(feeds.next(), size);
            }
        }
    }
}

TEST(Scan, knows_the_characters_of_a_word) {
    for (int byte = 0; byte < 256; ++byte) {
        const auto c = static_cast<char>(byte);
        const bool belongs = config::ascii_alpha(c) || config::ascii_digit(c) || c == '-';
        EXPECT_EQ(end_of_word(std::string(20, c), 0), belongs ? 20U : 0U) << byte;
        EXPECT_EQ(end_of_word(std::string(10, c), 0), belongs ? 10U : 0U) << byte;
    }
}

}  // namespace
}  // namespace cardea::http1
