#include "proxy/admin/pages.hpp"

#include <gtest/gtest.h>

namespace cardea::admin {
namespace {

Request request_to(std::string_view authority, std::string_view host, std::string_view origin = {}) {
    Request request;
    request.method = "GET";
    request.path = "/livez";
    request.authority = authority;
    request.host = host;
    request.origin = origin;
    return request;
}

TEST(AdminDoor, host_must_not_be_a_name_that_somebody_else_controls) {
    EXPECT_TRUE(from_this_machine(request_to("127.0.0.1:8001", "127.0.0.1")));
    EXPECT_TRUE(from_this_machine(request_to("[::1]:8001", "::1")));
    EXPECT_TRUE(from_this_machine(request_to("LocalHost:8001", "LocalHost")));
    EXPECT_FALSE(from_this_machine(request_to("evil.example:8001", "evil.example"))) << "a name that was rebound to 127.0.0.1";
    EXPECT_FALSE(from_this_machine(request_to("localhost.evil.example", "localhost.evil.example")));
    EXPECT_FALSE(from_this_machine(request_to("", "")));
}

TEST(AdminDoor, origin_must_be_the_door_itself) {
    EXPECT_TRUE(from_this_machine(request_to("127.0.0.1:8001", "127.0.0.1", "http://127.0.0.1:8001")));
    EXPECT_FALSE(from_this_machine(request_to("127.0.0.1:8001", "127.0.0.1", "http://127.0.0.1:9999")));
    EXPECT_FALSE(from_this_machine(request_to("127.0.0.1:8001", "127.0.0.1", "https://evil.example")));
    EXPECT_FALSE(from_this_machine(request_to("127.0.0.1:8001", "127.0.0.1", "null")));
    EXPECT_FALSE(from_this_machine(request_to("127.0.0.1:8001", "127.0.0.1", "")));
}

TEST(AdminDoor, unix_socket_needs_no_host) {
    Request request = request_to("anything", "anything", "null");
    request.over_unix_socket = true;
    EXPECT_TRUE(from_this_machine(request));
}

TEST(AdminPages, refusals_come_before_any_work) {
    const Pages pages{Facts{}};  // nothing behind it: these answers must not look
    Request request = request_to("evil.example", "evil.example");
    EXPECT_EQ(pages.answer(request, {}).status, 403);

    request = request_to("127.0.0.1", "127.0.0.1");
    request.path = "/v1/nothing";
    EXPECT_EQ(pages.answer(request, {}).status, 404);
    EXPECT_NE(pages.answer(request, {}).body.find("/v1/endpoints"), std::string::npos) << "says what there is";

    request.path = "/v1/config/reload";
    auto answer = pages.answer(request, {});
    EXPECT_EQ(answer.status, 405) << "nothing is changed by GET";
    EXPECT_EQ(answer.allow, "POST");

    request.path = "/metrics";
    request.method = "POST";
    answer = pages.answer(request, {});
    EXPECT_EQ(answer.status, 405);
    EXPECT_EQ(answer.allow, "GET, HEAD");

    request.path = "/livez";
    request.method = "HEAD";
    EXPECT_EQ(pages.answer(request, {}).status, 200);
}

}  // namespace
}  // namespace cardea::admin
