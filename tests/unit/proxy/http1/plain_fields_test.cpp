#include "proxy/http1/plain_fields.hpp"

#include "proxy/http1/scan.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cardea::http1 {
namespace {

constexpr FieldLimits usual{10, 100};
http::Fields plain_read;

TEST(PlainFields, are_read_as_they_are) {
    ASSERT_TRUE(
        read_plain_fields("Host: a.example\r\nX-Long: a value, longer than sixteen bytes; q=\"1\"\r\nX-A: 1\r\n\r\n", usual, plain_read));
    ASSERT_EQ(plain_read.size(), 3U);
    EXPECT_EQ(plain_read.value(http::FieldId::host), "a.example");
    EXPECT_EQ(plain_read.all()[1].name, "X-Long");
    EXPECT_EQ(plain_read.all()[1].value, "a value, longer than sixteen bytes; q=\"1\"");
    EXPECT_EQ(plain_read.all()[2].value, "1");
    EXPECT_TRUE(plain_read.all()[2].canonical);
    EXPECT_TRUE(read_plain_fields("\r\n", usual, plain_read));
    EXPECT_EQ(plain_read.size(), 0U);
}

TEST(PlainFields, leave_everything_else_to_others) {
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
        EXPECT_FALSE(read_plain_fields(section, usual, plain_read)) << section;
    }
    EXPECT_FALSE(read_plain_fields(std::string("A: a\0b\r\n\r\n", 10), usual, plain_read));
    EXPECT_FALSE(read_plain_fields("A: 1\r\nB: 2\r\n\r\n", {1, 100}, plain_read)) << "more than are allowed";
    EXPECT_TRUE(read_plain_fields("A: 1234\r\n\r\n", {1, 7}, plain_read));
    EXPECT_FALSE(read_plain_fields("A: 12345\r\n\r\n", {1, 7}, plain_read)) << "longer than is allowed";
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
                const char* const begin = text.data();
                EXPECT_EQ(static_cast<std::size_t>(end_of_text(begin, begin + size) - begin), at);
                EXPECT_EQ(static_cast<std::size_t>(find_line_feed(begin, begin + size) - begin), c == '\n' ? at : size);
            }
        }
    }
}

}  // namespace
}  // namespace cardea::http1
