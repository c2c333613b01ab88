#include "config/patterns.hpp"

#include <gtest/gtest.h>

namespace cardea::config {
namespace {

TEST(HostPattern, reads_names_wildcards_and_literals) {
    EXPECT_EQ(parse_host_pattern("WWW.Example.com.").value(), (HostPattern{HostPattern::Kind::exact, "www.example.com"}));
    EXPECT_EQ(parse_host_pattern("*.Example.com").value(), (HostPattern{HostPattern::Kind::wildcard, "example.com"}));
    EXPECT_EQ(parse_host_pattern("*").value(), HostPattern{});
    EXPECT_EQ(parse_host_pattern("10.0.0.5").value().text, "10.0.0.5");
    EXPECT_EQ(parse_host_pattern("[2001:DB8::1]").value().text, "[2001:db8::1]");
    EXPECT_EQ(parse_host_pattern("2001:db8:0::1").value().text, "[2001:db8::1]");
    EXPECT_EQ(parse_host_pattern("my_app").value().text, "my_app");
}

TEST(HostPattern, refuses_what_no_request_can_carry) {
    for (const char* text : {"", ".", "a..b", "*.", "*.*.com", "www.*.com", "a b", "http://x", "x/y", "www.example.com:80", "-a.com",
                             "a-.com", "b\303\274cher.de", "[::1", "a\nb"}) {
        EXPECT_FALSE(parse_host_pattern(text)) << text;
    }
    std::string long_label(64, 'a');
    long_label += ".com";
    EXPECT_FALSE(parse_host_pattern(long_label));
    EXPECT_FALSE(parse_host_pattern(std::string(260, 'a')));
    EXPECT_NE(parse_host_pattern("b\303\274cher.de").error().hint.find("xn--"), std::string::npos);
    EXPECT_NE(parse_host_pattern("x.com:80").error().hint.find("port"), std::string::npos);
}

TEST(PathPattern, reads_exact_prefix_and_any) {
    EXPECT_EQ(parse_path_pattern("/").value(), (PathPattern{PathPattern::Kind::exact, "/"}));
    EXPECT_EQ(parse_path_pattern("/a/b/").value(), (PathPattern{PathPattern::Kind::exact, "/a/b/"}));
    EXPECT_EQ(parse_path_pattern("/api/**").value(), (PathPattern{PathPattern::Kind::prefix, "/api"}));
    EXPECT_EQ(parse_path_pattern("/**").value(), PathPattern{});
}

TEST(PathPattern, refuses_what_never_matches) {
    for (const char* text : {"", "api", "**", "*", "/a*", "/a/*/b", "/a/**/b", "/a?x=1", "/a#b", "/a b", "/a//b", "/./a", "/a/..", "/a//**",
                             "//", "/\xc3\xbc", "/a\x01"}) {
        EXPECT_FALSE(parse_path_pattern(text)) << text;
    }
}

TEST(Patterns, print_as_they_are_written) {
    for (const char* text : {"www.example.com", "*.example.com", "*", "[::1]"}) {
        EXPECT_EQ(to_string(parse_host_pattern(text).value()), text);
    }
    for (const char* text : {"/", "/a", "/a/**", "/**"}) {
        EXPECT_EQ(to_string(parse_path_pattern(text).value()), text);
    }
}

}  // namespace
}  // namespace cardea::config
