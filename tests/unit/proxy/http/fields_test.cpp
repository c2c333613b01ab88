#include "proxy/http/fields.hpp"

#include "proxy/http/hop_by_hop.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cardea::http {
namespace {

TEST(Identify, known_names_in_any_case) {
    EXPECT_EQ(identify("Host"), FieldId::host);
    EXPECT_EQ(identify("hOST"), FieldId::host);
    EXPECT_EQ(identify("CONTENT-LENGTH"), FieldId::content_length);
    EXPECT_EQ(identify("transfer-encoding"), FieldId::transfer_encoding);
    EXPECT_EQ(identify("X-Forwarded-Proto"), FieldId::x_forwarded_proto);
    EXPECT_EQ(identify("TE"), FieldId::te);
    EXPECT_EQ(identify("Via"), FieldId::via);
    EXPECT_EQ(identify("user-agent"), FieldId::user_agent);
    for (const auto* name : {"", "H", "Hosts", "Hos", "Xost", "Content-Lengthx", "Content-Type", "X-Forwarder", "X-Forwarded-",
                             "XX-Forwarded-For", "Transfer+Encoding"}) {
        EXPECT_EQ(identify(name), FieldId::other) << name;
    }
}

TEST(Identify, names_that_would_be_taken_for_others) {
    for (const auto* name : {"X_Forwarded_For", "x-forwarded_for", "X_Real-IP", "X_Forwarded_Anything", "Proxy", "Keep_Alive"}) {
        EXPECT_EQ(identify(name), FieldId::twin) << name;
    }
    EXPECT_EQ(identify("Content_Length"), FieldId::framing_twin);
    EXPECT_EQ(identify("TRANSFER_ENCODING"), FieldId::framing_twin);
    EXPECT_EQ(identify("X-Forwarded-Prefix"), FieldId::x_forwarded_other);
    EXPECT_EQ(identify("x-forwarded"), FieldId::x_forwarded_other);
    EXPECT_EQ(identify("X_Forwarded"), FieldId::twin);
    EXPECT_EQ(identify("User_Agent"), FieldId::other);
    EXPECT_EQ(identify("my_header"), FieldId::other);
}

TEST(Fields, remember_what_was_seen) {
    Fields fields;
    EXPECT_FALSE(fields.has(FieldId::host));
    EXPECT_EQ(fields.find(FieldId::host), nullptr);
    ASSERT_TRUE(fields.push("Host", "a"));
    ASSERT_TRUE(fields.push("X", "1"));
    EXPECT_FALSE(fields.repeated(FieldId::host));
    ASSERT_TRUE(fields.push("host", "b"));
    EXPECT_TRUE(fields.repeated(FieldId::host));
    EXPECT_EQ(fields.value(FieldId::host), "a");
    EXPECT_EQ(fields.value(FieldId::via), "");
    fields.clear();
    EXPECT_FALSE(fields.has(FieldId::host));
    EXPECT_FALSE(fields.repeated(FieldId::host));
    EXPECT_EQ(fields.size(), 0U);
}

TEST(Fields, are_as_many_as_they_are) {
    Fields fields;
    for (std::size_t i = 0; i < Fields::capacity; ++i) {
        EXPECT_TRUE(fields.push("A", "b"));
    }
    EXPECT_FALSE(fields.push("A", "b"));
    EXPECT_EQ(fields.all().size(), Fields::capacity);
}

TEST(NextMember, takes_lists_apart) {
    const auto members = [](std::string_view list) {
        std::vector<std::string> out;
        for (std::string_view member; next_member(list, member);) {
            out.emplace_back(member);
        }
        return out;
    };
    using Members = std::vector<std::string>;
    EXPECT_EQ(members("a"), Members{"a"});
    EXPECT_EQ(members(" a ,\tb\t, ,,c d,"), (Members{"a", "b", "c d"}));
    EXPECT_EQ(members(""), Members{});
    EXPECT_EQ(members(" , ,"), Members{});
}

TEST(NamedByConnection, compares_whole_names) {
    Fields fields;
    ASSERT_TRUE(fields.push("Connection", "X-A , close"));
    ASSERT_TRUE(fields.push("Connection", "x-b"));
    EXPECT_TRUE(named_by_connection(fields, Field{"x-a", ""}));
    EXPECT_TRUE(named_by_connection(fields, Field{"X-B", ""}));
    EXPECT_FALSE(named_by_connection(fields, Field{"X-", ""}));
    EXPECT_FALSE(named_by_connection(fields, Field{"X-AB", ""}));
    EXPECT_FALSE(named_by_connection(Fields{}, Field{"X-A", ""}));
}

TEST(UpgradesAsOffered, takes_nothing_else) {
    const auto upgrades = [](const std::string& offer, const std::vector<std::string>& answer) {
        Fields fields;
        for (const auto& value : answer) {
            EXPECT_TRUE(fields.push("Upgrade", value));
        }
        return upgrades_as_offered(fields, offer);
    };
    EXPECT_TRUE(upgrades("websocket", {"WebSocket"}));
    EXPECT_TRUE(upgrades("foo/2, websocket", {"websocket"}));
    EXPECT_TRUE(upgrades("a, b, c", {"c, a"}));
    EXPECT_FALSE(upgrades("websocket", {"foo"}));
    EXPECT_FALSE(upgrades("websocket", {"websocket, foo"}));
    EXPECT_FALSE(upgrades("foo/2", {"foo/1"}));
    EXPECT_FALSE(upgrades("websocket", {}));
    EXPECT_FALSE(upgrades("websocket", {""}));
    EXPECT_FALSE(upgrades("websocket", {"websocket", "websocket"}));
}

}  // namespace
}  // namespace cardea::http
