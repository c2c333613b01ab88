#include "discovery/consul/rights.hpp"

#include <gtest/gtest.h>

namespace cardea::consul {
namespace {

Rights judged(int status, std::string body) {
    return judge_rights({.ticket = 1, .status = status, .headers = {}, .body = std::move(body)});
}

TEST(Rights, are_asked_for_by_name) {
    EXPECT_EQ(rights_question("we\"b", {"h1", "h2"}), R"([{"Resource":"service","Access":"read","Segment":"we\"b"},)"
                                                      R"({"Resource":"node","Access":"read","Segment":"h1"},)"
                                                      R"({"Resource":"node","Access":"read","Segment":"h2"}])");
}

TEST(Rights, are_proven_only_by_every_permission) {
    EXPECT_EQ(judged(200, R"([{"Resource":"service","Segment":"web","Access":"read","Allow":true}])"), Rights::proven);
    EXPECT_EQ(judged(200, R"([{"Segment":"web","Allow":true},{"Segment":"h1","Allow":false}])"), Rights::denied);
    EXPECT_EQ(judged(403, "ACL not found"), Rights::denied);
    EXPECT_EQ(judged(401, "ACL support disabled"), Rights::proven) << "there are none to lose";
}

TEST(Rights, are_not_known_from_anything_else) {
    for (const char* body :
         {"", "[]", "{}", "null", "[1]", R"([{"Allow":"true"}])", R"({"Allow":true})", R"({"a":{"Allow":true}})", "[[["}) {
        EXPECT_EQ(judged(200, body), Rights::silent) << body;
    }
    EXPECT_EQ(judged(404, ""), Rights::silent);
    EXPECT_EQ(judged(405, ""), Rights::silent);
    EXPECT_EQ(judged(401, "log in first"), Rights::silent);
}

}  // namespace
}  // namespace cardea::consul
