#include "discovery/docker/event_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace cardea::docker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> feed_in_pieces(EventStream& stream, std::string_view bytes, const std::function<std::size_t()>& size) {
    std::vector<std::string> out;
    while (!bytes.empty()) {
        const auto piece = std::min(size(), bytes.size());
        for (auto& object : stream.feed(bytes.substr(0, piece))) {
            out.push_back(std::move(object));
        }
        bytes.remove_prefix(piece);
    }
    return out;
}

TEST(EventStream, Case45_cuts_objects_whatever_the_reads_are) {
    const std::vector<std::string> objects{R"({"a":1})", R"({"s":"}{\"\\","n":{"l":[1,{"x":"]"}]}})", "{}", R"({"u":"\u007b ü \\\\"})"};
    std::string bytes;
    for (const auto& object : objects) {
        bytes += object + (bytes.size() % 2 == 0 ? "\n" : "\r\n\n ");
    }
    bytes += objects[0] + objects[2];  // no line end between
    for (std::size_t size = 1; size <= bytes.size(); ++size) {
        EventStream stream;
        EXPECT_THAT(feed_in_pieces(stream, bytes, [&] { return size; }),
                    ElementsAre(objects[0], objects[1], objects[2], objects[3], objects[0], objects[2]));
        EXPECT_EQ(stream.lost(), 0U);
    }
}

TEST(EventStream, a_megabyte_of_labels_passes) {
    const std::string large = R"({"label":")" + std::string(1U << 20U, 'x') + R"("})";
    EventStream stream;
    EXPECT_THAT(stream.feed(large + "\n"), ElementsAre(large));
}

TEST(EventStream, passes_over_an_object_that_is_too_long_and_goes_on) {
    EventStream stream(64);
    const std::string large = R"({"label":")" + std::string(10'000, '}') + R"("})";
    EXPECT_THAT(feed_in_pieces(stream, large + "\n{\"a\":1}\n", [] { return std::size_t{7}; }), ElementsAre(R"({"a":1})"));
    EXPECT_EQ(stream.lost(), 1U);
}

TEST(EventStream, a_line_end_inside_a_string_ends_what_was_broken) {
    EventStream stream;
    EXPECT_THAT(stream.feed("{\"a\":\"bro\n{\"b\":2}\n"), ElementsAre(R"({"b":2})"));
    EXPECT_EQ(stream.lost(), 1U);
}

TEST(EventStream, skips_what_stands_between_objects) {
    EventStream stream;
    EXPECT_THAT(stream.feed("hello } ] \" \n\n{\"a\":1}\x01\xff{\"b\":2}"), ElementsAre(R"({"a":1})", R"({"b":2})"));
}

TEST(EventStream, holds_no_more_than_its_cap_whatever_comes) {
    std::mt19937 random(20261122);
    const std::string letters = "{}[]\"\\\n a1:,";
    for (int round = 0; round < 200; ++round) {
        EventStream stream(128);
        std::string bytes;
        for (int i = 0; i < 5'000; ++i) {
            bytes += letters[random() % letters.size()];
        }
        const auto objects = feed_in_pieces(stream, bytes, [&] { return 1 + random() % 97; });
        for (const auto& object : objects) {
            EXPECT_LE(object.size(), 128U);
            EXPECT_EQ(object.front(), '{');
        }
        EventStream whole(128);
        EXPECT_EQ(whole.feed(bytes), objects);  // reads mean nothing
        EXPECT_EQ(whole.lost(), stream.lost());
    }
}

}  // namespace
}  // namespace cardea::docker
