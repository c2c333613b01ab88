#include "proxy/command/event_lines.hpp"

#include <gtest/gtest.h>

namespace cardea::command {
namespace {

const std::string stream = ": still here\n\nid: 7\nevent: endpoint_added\ndata: {\"a\":1}\n\nevent:gap\ndata:x\ndata: y\n\nretry: 3\n\n";

TEST(EventLines, takes_events_however_they_are_cut) {
    for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
        std::string seen;
        EventLines lines([&seen](const EventLines::Event& event) { seen += event.name + "=" + event.data + ";"; });
        for (std::size_t at = 0; at < stream.size(); at += piece) {
            lines.feed(std::string_view(stream).substr(at, piece));
        }
        EXPECT_EQ(seen, "endpoint_added={\"a\":1};gap=x\ny;") << piece;
        EXPECT_EQ(lines.last_id(), "7");
    }
}

TEST(EventLines, a_new_connection_forgets_what_was_half_said) {
    std::string seen;
    EventLines lines([&seen](const EventLines::Event& event) { seen += event.data + ";"; });
    lines.feed("id: 1\ndata: one\n\nid: 2\ndata: tw");
    lines.restart();
    lines.feed("data: three\n\n");
    EXPECT_EQ(seen, "one;three;");
}

TEST(EventLines, memory_is_bounded) {
    std::size_t size = 0;
    EventLines lines([&size](const EventLines::Event& event) { size = event.data.size(); });
    lines.feed("data: " + std::string(1U << 20U, 'x') + "\n\n");
    EXPECT_LE(size, 64U * 1024U);
}

}  // namespace
}  // namespace cardea::command
