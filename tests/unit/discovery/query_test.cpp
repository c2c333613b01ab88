#include "discovery/query.hpp"

#include <gtest/gtest.h>

namespace cardea::discovery {
namespace {

config::ConsulRef query_ref(std::string service, std::vector<std::string> tags = {}, std::string datacenter = {}, std::string filter = {}) {
    return {.source = "dc1",
            .service = std::move(service),
            .tags = std::move(tags),
            .datacenter = std::move(datacenter),
            .filter = std::move(filter)};
}

TEST(Query, asks_the_same_with_the_same_text) {
    EXPECT_EQ(query_text(query_ref("web", {"b", "a", "b"})), query_text(query_ref("web", {"a", "b"})));
    EXPECT_EQ(query_text(query_ref("web", {"b", "a"}, "x")), "web?tag=a&tag=b&dc=x");
}

TEST(Query, Case17_keeps_any_name_whole) {
    const std::vector<std::string> names{"a.b", "a/b", "a%2fb", "a b", "ünï", "*", "a?tag=x&y", "100%", std::string(200, 'n')};
    for (const std::string& name : names) {
        const auto ref = query_ref(name, {"t&t", "=", "%"}, "d c", "Service.Meta[\"a\"] == \"b\"");
        const auto back = parse_query(query_text(ref));
        ASSERT_TRUE(back) << name;
        EXPECT_EQ(back->service, name);
        EXPECT_EQ(back->tags, (std::vector<std::string>{"%", "=", "t&t"}));
        EXPECT_EQ(back->datacenter, ref.datacenter);
        EXPECT_EQ(back->filter, ref.filter);
        EXPECT_TRUE(back->source.empty());
    }
    EXPECT_NE(query_text(query_ref("*")), every_service);
    EXPECT_EQ(query_text(query_ref("a%2fb")), "a%252fb");
}

TEST(Query, refuses_what_it_cannot_read) {
    for (const char* text : {"", "?tag=a", "web?tag", "web?ns=a", "a%", "a%2", "a%zz", "web?tag=%f"}) {
        EXPECT_FALSE(parse_query(text)) << text;
    }
}

}  // namespace
}  // namespace cardea::discovery
