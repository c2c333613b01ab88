#include "discovery/docker/parse_event.hpp"

#include <gtest/gtest.h>

namespace cardea::docker {
namespace {

// As Engine 20.10 sent them, ids shortened.
constexpr const char* kill_event =
    R"({"status":"kill","id":"a425","from":"bb:1","Type":"container","Action":"kill","Actor":{"ID":"a425","Attributes":{"image":"bb:1","name":"wn","signal":"9"}},"scope":"local","time":1795376997,"timeNano":1795376997514011855})";
constexpr const char* disconnect_event =
    R"({"Type":"network","Action":"disconnect","Actor":{"ID":"8c59","Attributes":{"container":"2389","name":"host","type":"host"}},"scope":"local","time":1795376996,"timeNano":1795376996400301191})";
// As API 1.52 sends it: no status, id and from.
constexpr const char* new_health_event =
    R"({"Type":"container","Action":"health_status: unhealthy","Actor":{"ID":"805a","Attributes":{"image":"bb:1","name":"wl"}},"scope":"local","time":1795376997,"timeNano":1795376997000000001})";

TEST(ParseEvent, reads_what_the_engine_sends) {
    const auto kill = parse_event(kill_event).value();
    EXPECT_EQ(kill.happened, Happened::kill);
    EXPECT_EQ(kill.container, "a425");
    EXPECT_EQ(kill.signal, 9);
    EXPECT_EQ(kill.time_nano, 1795376997514011855);
    const auto disconnect = parse_event(disconnect_event).value();
    EXPECT_EQ(disconnect.happened, Happened::disconnect);
    EXPECT_EQ(disconnect.container, "2389");
    const auto health = parse_event(new_health_event).value();
    EXPECT_EQ(health.happened, Happened::health);
    EXPECT_EQ(health.health, Health::unhealthy);
    EXPECT_EQ(health.container, "805a");
}

TEST(ParseEvent, a_label_that_overwrote_the_signal_leaves_none) {
    const auto kill = parse_event(R"({"Type":"container","Action":"kill","Actor":{"ID":"805a","Attributes":{"signal":"x"}}})").value();
    EXPECT_EQ(kill.happened, Happened::kill);
    EXPECT_FALSE(kill.signal);
}

TEST(ParseEvent, what_does_not_concern_us_is_other) {
    for (const char* text :
         {R"({"Type":"container","Action":"exec_start: /bin/sh -c true","Actor":{"ID":"1"}})", R"({"Type":"image","Action":"pull"})",
          R"({"Type":"network","Action":"connect","Actor":{"ID":"1"}})",
          R"({"Type":"network","Action":"create","Actor":{"ID":"1","Attributes":{}}})", R"({"Type":"container","Action":"die"})",
          R"({"Type":"container","Action":"die","Actor":{"ID":7}})", R"({"Type":1})", "{}", "[]", "null"}) {
        const auto event = parse_event(text);
        ASSERT_TRUE(event) << text;
        EXPECT_EQ(event->happened, Happened::other) << text;
    }
    EXPECT_FALSE(parse_event("{"));
    EXPECT_FALSE(parse_event(""));
}

}  // namespace
}  // namespace cardea::docker
