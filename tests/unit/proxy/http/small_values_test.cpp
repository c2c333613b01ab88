#include "proxy/http/date.hpp"
#include "proxy/http/redirect.hpp"
#include "proxy/http/status.hpp"
#include "proxy/http/status_error.hpp"
#include "proxy/http/target.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cardea::http {
namespace {

std::string date(std::int64_t seconds) {
    DateText text;
    text.set(config::WallTime{std::chrono::seconds{seconds}});
    return std::string{text.text()};
}

TEST(DateText, is_an_imf_fixdate) {
    EXPECT_EQ(date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(date(1709251199), "Thu, 29 Feb 2024 23:59:59 GMT");
    EXPECT_EQ(date(4102444800), "Fri, 01 Jan 2100 00:00:00 GMT");
}

TEST(DateText, moves_with_the_clock) {
    DateText text;
    text.set(config::WallTime{std::chrono::milliseconds{999}});
    EXPECT_EQ(text.text(), "Thu, 01 Jan 1970 00:00:00 GMT");
    text.set(config::WallTime{std::chrono::milliseconds{1000}});
    EXPECT_EQ(text.text(), "Thu, 01 Jan 1970 00:00:01 GMT");
    text.set(config::WallTime{});
    EXPECT_EQ(text.text(), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(ExpandRedirect, puts_the_request_in) {
    RequestHead head;
    head.authority = "h.example:8000";
    head.host = "h.example";
    head.path = "/a b";
    EXPECT_EQ(expand_redirect("https://{host}{path}?{query}", head), "https://h.example/a b");
    EXPECT_EQ(expand_redirect("/x?a=1&{query}&{quer}{", head), "/x?a=1&&{quer}{");
    EXPECT_EQ(expand_redirect("{path}", head), "/a b");
    EXPECT_EQ(expand_redirect("", head), "");
    head.has_query = true;
    EXPECT_EQ(expand_redirect("{path}?{query}", head), "/a b?");
    head.query = "c=d";
    EXPECT_EQ(expand_redirect("https://{host}:444{path}?{query}", head), "https://h.example:444/a b?c=d");
    head.host = "2001:db8::1";
    EXPECT_EQ(expand_redirect("https://{host}/", head), "https://[2001:db8::1]/");
}

TEST(PhraseOf, knows_registered_codes) {
    EXPECT_EQ(phrase_of(100), "Continue");
    EXPECT_EQ(phrase_of(404), "Not Found");
    EXPECT_EQ(phrase_of(413), "Content Too Large");
    EXPECT_EQ(phrase_of(511), "Network Authentication Required");
    EXPECT_EQ(phrase_of(0), "");
    EXPECT_EQ(phrase_of(299), "");
    EXPECT_EQ(phrase_of(999), "");
}

TEST(Reasons, each_have_a_status_and_a_name) {
    EXPECT_EQ(status_of(Reason::none), 0);
    EXPECT_EQ(status_of(Reason::bad_host), 400);
    EXPECT_EQ(status_of(Reason::starting), 503);
    EXPECT_EQ(status_of(Reason::client_closed), 499);
    EXPECT_EQ(name_of(Reason::upstream_malformed), "upstream_malformed");
}

TEST(HasEncodedSlash, in_any_case) {
    for (const auto* path : {"/%2f", "/a%2Fb", "/%5c", "/%41%5C", "/%%2f"}) {
        EXPECT_TRUE(has_encoded_slash(path)) << path;
    }
    for (const auto* path : {"", "/", "/%252f", "/2f", "/%2", "/%", "/%5d", "*"}) {
        EXPECT_FALSE(has_encoded_slash(path)) << path;
    }
}

TEST(ClimbsAboveRoot, counts_segments) {
    for (const auto* path :
         {"/", "/a/..", "/a/../b/..", "/./.", "/a/./..", "/...", "/..a", "/a..", "/%2e", "/%2f..%2f..", "/a/%2e%2E", "/.%2ex"}) {
        EXPECT_FALSE(climbs_above_root(path)) << path;
    }
    for (const auto* path :
         {"/..", "/../", "/a/../..", "/a/../../b", "/./..", "//..", "/a//../..", "/%2e%2e", "/%2E.", "/.%2e/x", "/a/%2e/../.."}) {
        EXPECT_TRUE(climbs_above_root(path)) << path;
    }
}

}  // namespace
}  // namespace cardea::http
