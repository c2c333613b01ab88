#include "proxy/http1/trace.hpp"

#include "proxy/http1/parser.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cardea::http1 {
namespace {

TEST(Reflected, shows_the_request_without_its_secrets) {
    const std::string bytes =
        "TRACE /a?b HTTP/1.0\r\nHost: h\r\nCookie: c\r\nX-A:  1 \r\nauthorization: Basic eA==\r\nProxy-Authorization: x\r\nMax-Forwards: "
        "0\r\n\r\n";
    http::RequestHead head;
    ASSERT_EQ(parse_request(bytes, {}, head), http::Reason::none);
    EXPECT_EQ(reflected(head), "TRACE /a?b HTTP/1.0\r\nHost: h\r\nX-A: 1\r\nMax-Forwards: 0\r\n\r\n");
}

}  // namespace
}  // namespace cardea::http1
