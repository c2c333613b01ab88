#include "config/endpoint_text.hpp"

#include "config/text.hpp"

#include <gtest/gtest.h>

namespace cardea::config {
namespace {

TEST(EndpointText, reads_back_what_it_writes) {
    for (const std::string text :
         {"10.0.0.5:8080", "10.0.0.5:8080 weight=3", "[2001:db8::1]:80", "web.internal:80 weight=0", "unix:/run/app.sock",
          "consul://main/nginx", "consul:///nginx", "consul://main/a%2Fb?tag=x&tag=y&dc=dc1&filter=a%20%3D%3D%20b", "docker://h2/web",
          "docker:///web", "file:///etc/cardea/web.endpoints"}) {
        const auto endpoint = parse_endpoint(text);
        ASSERT_TRUE(endpoint) << text << ": " << endpoint.error().what;
        EXPECT_EQ(to_string(*endpoint), text);
    }
    EXPECT_EQ(to_string(*parse_endpoint("10.0.0.5:80\t weight=2")), "10.0.0.5:80 weight=2");
}

TEST(EndpointText, refuses_what_names_nothing) {
    for (const std::string_view text : {"",
                                        " ",
                                        "10.0.0.5",
                                        "10.0.0.5:80 2",
                                        "10.0.0.5:80 weight=",
                                        "10.0.0.5:80 weight=-1",
                                        "10.0.0.5:80 weight=65536",
                                        "10.0.0.5:80 weight=1 weight=2",
                                        "10.0.0.5:80 Weight=1",
                                        "consul://",
                                        "consul://main",
                                        "consul://main/",
                                        "consul:///",
                                        "consul://a/b/c",
                                        "consul://main/x?tag",
                                        "consul://main/x?tag=",
                                        "consul://main/x?passing=1",
                                        "consul://main/x?tag=%4",
                                        "consul://main/%zz",
                                        "docker://h2/web?tag=x",
                                        "docker://",
                                        "file://",
                                        "file://relative",
                                        "file:///",
                                        "file:///dir/",
                                        "http://10.0.0.5:80",
                                        "dns+srv://x",
                                        "10.0.0.5:80\nweight=2"}) {
        EXPECT_FALSE(parse_endpoint(text)) << text;
    }
}

TEST(EndpointText, sources_in_the_forms_that_their_own_tools_use) {
    EXPECT_EQ(to_string(parse_agent_address("10.0.0.1:8500")->address), "10.0.0.1:8500");
    EXPECT_EQ(to_string(parse_agent_address("http://consul.internal:8500/")->address), "consul.internal:8500");
    EXPECT_TRUE(parse_agent_address("https://[::1]:8501")->tls);
    EXPECT_EQ(to_string(parse_agent_address("unix:///run/consul.sock")->address), "unix:/run/consul.sock");
    EXPECT_EQ(to_string(parse_engine_address("unix:///var/run/docker.sock")->address), "unix:/var/run/docker.sock");
    EXPECT_EQ(to_string(parse_engine_address("unix:/var/run/docker.sock")->address), "unix:/var/run/docker.sock");
    EXPECT_EQ(to_string(parse_engine_address("tcp://10.0.0.2:2375")->address), "10.0.0.2:2375");
    EXPECT_FALSE(parse_engine_address("tcp://10.0.0.2:2375")->tls);
    EXPECT_TRUE(parse_engine_address("https://10.0.0.2:2376")->tls);
    for (const std::string_view text : {"", "10.0.0.1", "http://", "http://10.0.0.1", "http://10.0.0.1:8500/v1", "ftp://10.0.0.1:8500",
                                        "unix://relative", "tcp://:2375"}) {
        EXPECT_FALSE(parse_agent_address(text)) << text;
        EXPECT_FALSE(parse_engine_address(text)) << text;
    }
}

TEST(Text, utf8_is_told_from_other_bytes) {
    EXPECT_TRUE(valid_utf8("a\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"));
    for (const std::string_view bad : {"\x80", "\xBF", "\xC0\xAF", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
                                       "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC2", "\xE2\x82", "\xF0\x9F\x98", "\xC2\x41"}) {
        EXPECT_FALSE(valid_utf8(bad)) << printable(bad);
    }
}

TEST(Text, printable_shows_any_bytes_in_one_line) {
    EXPECT_EQ(printable("a\nb\x7F\xFF\xC3\xA9"), "a\\x0ab\\x7f\\xff\xC3\xA9");
    EXPECT_EQ(printable("\x1b[2J\xC2\x9B"
                        "2J\xE2\x80\xAE"
                        "abc\xE2\x81\xA6"),
              "\\x1b[2J\\xc2\\x9b"
              "2J\\xe2\\x80\\xae"
              "abc\\xe2\\x81\\xa6");
    EXPECT_EQ(printable("\xC2\xA0\xE2\x80\x94"), "\xC2\xA0\xE2\x80\x94") << "what is only shown stays";
    EXPECT_EQ(printable(std::string(200, 'x'), 10), "xxxxxxxxxx...");
}

TEST(Text, tokens_and_values_of_fields) {
    EXPECT_TRUE(http_token("X-Request-Id"));
    EXPECT_TRUE(http_token("!#$%&'*+-.^_`|~9"));
    for (const std::string_view bad : {"", "a b", "a:b", "a\r", "(x)", "\xC3\xA9", "a\"", "a/b"}) {
        EXPECT_FALSE(http_token(bad)) << bad;
    }
    EXPECT_TRUE(http_field_value(""));
    EXPECT_TRUE(http_field_value("a\tb \xC3\xA9"));
    for (const std::string_view bad : {" a", "a ", "a\rb", "a\nb", "a\x01", "a\x7F"}) {
        EXPECT_FALSE(http_field_value(bad)) << printable(bad);
    }
    EXPECT_FALSE(http_field_value(std::string_view("a\0b", 3)));
}

TEST(Text, percent_encoding_goes_there_and_back) {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) {
        all.push_back(static_cast<char>(byte));
    }
    EXPECT_EQ(percent_decode(percent_encode(all)), all);
    EXPECT_EQ(percent_encode("a/b c"), "a%2Fb%20c");
    for (const std::string_view bad : {"%", "%4", "%4g", "a%"}) {
        EXPECT_FALSE(percent_decode(bad)) << bad;
    }
}

}  // namespace
}  // namespace cardea::config
