#include "proxy/admin/views_json.hpp"

#include "config/json.hpp"

#include <gtest/gtest.h>

namespace cardea::admin {
namespace {

TEST(ViewsJson, endpoint_says_state_why_and_since) {
    control::EndpointView endpoint;
    endpoint.service = "nginx";
    endpoint.id = "10.0.0.5:80";
    endpoint.addresses = {"10.0.0.5:80", "[fd00::5]:80"};
    endpoint.state = "refused";
    endpoint.why = "connect: \"refused\"";
    endpoint.since = config::WallTime{std::chrono::seconds(1'795'377'600)};
    endpoint.requests = 18446744073709551615ULL;
    EXPECT_EQ(endpoints_json({endpoint}),
              R"({"endpoints":[{"service":"nginx","id":"10.0.0.5:80","addresses":["10.0.0.5:80","[fd00::5]:80"],"state":"refused",)"
              R"("why":"connect: \"refused\"","since":"2026-11-22T20:00:00Z","weight":1,"in_flight":0,)"
              R"("requests":18446744073709551615,"failures":0,"witnesses":[],"held":false,"restored":false,"dispute":""}]})"
              "\n");
}

TEST(ViewsJson, source_that_never_answered_has_no_times) {
    control::SourceView source;
    source.name = "consul:dc1";
    source.kind = "consul";
    source.last_error = "connect to 10.0.0.1:8500: Connection refused";
    source.errors = {{"refused", 3}};
    const auto document = config::json::parse(sources_json({source}));
    ASSERT_TRUE(document);
    for (const auto item : document->root()["sources"].elements()) {
        EXPECT_TRUE(item["age_ms"].is_null());
        EXPECT_TRUE(item["first_sync_ms"].is_null());
        EXPECT_EQ(item["errors"]["refused"].as_uint64(), 3U);
        EXPECT_EQ(item["last_error"].as_string(), source.last_error);
    }
}

TEST(ViewsJson, every_page_of_nothing_is_json) {
    for (const auto& text : {sources_json({}), services_json({}), endpoints_json({}), routes_json({}), listeners_json({}),
                             problems_json({}), error_json("a \xff byte")}) {
        EXPECT_TRUE(config::json::parse(text)) << text;
    }
}

}  // namespace
}  // namespace cardea::admin
