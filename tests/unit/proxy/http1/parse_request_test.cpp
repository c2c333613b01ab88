#include "proxy/http1/parser.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cardea::http1 {
namespace {

using http::Framing;
using http::Method;
using http::Reason;

struct Parsed {
    std::string bytes;
    http::RequestHead head{};
    Reason reason{Reason::none};
};

Parsed parse(std::string bytes, const RequestLimits& limits = {}) {
    Parsed out{std::move(bytes)};
    out.reason = parse_request(out.bytes, limits, out.head);
    return out;
}

std::string line(const std::string& request_line) {
    return request_line + "\r\nHost: h\r\n\r\n";
}
std::string with(const std::string& fields) {
    return "GET / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}

struct Case {
    std::string bytes;
    Reason reason;
};

void expect_all(const std::vector<Case>& cases) {
    for (const auto& item : cases) {
        const auto got = parse(item.bytes);
        EXPECT_EQ(http::name_of(got.reason), http::name_of(item.reason)) << testing::PrintToString(item.bytes);
    }
}

TEST(ParseRequest, takes_a_request_apart) {
    const auto got = parse("POST /a/b?c=d HTTP/1.1\r\nHost: Example.com:8080\r\nX-One: 1\r\nContent-Length: 5\r\n\r\n");
    ASSERT_EQ(got.reason, Reason::none);
    const auto& head = got.head;
    EXPECT_EQ(head.method, Method::post);
    EXPECT_EQ(head.target, "/a/b?c=d");
    EXPECT_EQ(head.path, "/a/b");
    EXPECT_TRUE(head.has_query);
    EXPECT_EQ(head.query, "c=d");
    EXPECT_EQ(head.authority, "Example.com:8080");
    EXPECT_EQ(head.host, "Example.com");
    EXPECT_EQ(head.version, http::Version::http11);
    EXPECT_EQ(head.framing.kind, Framing::Kind::length);
    EXPECT_EQ(head.framing.length, 5U);
    EXPECT_TRUE(head.keep_alive);
    EXPECT_FALSE(head.upgrade);
    ASSERT_EQ(head.fields.size(), 3U);
    EXPECT_EQ(head.fields.all()[1].name, "X-One");
    EXPECT_EQ(head.fields.all()[1].value, "1");
}

TEST(ParseRequest, any_token_is_a_method) {
    for (const std::string method : {"GET", "PURGE", "get", "M-SEARCH", "BREW", "PRI", "SOURCE", "DESCRIBE", "A!#$%&'*+-.^_`|~9", "Q"}) {
        const auto got = parse(line(method + " / HTTP/1.1"));
        EXPECT_EQ(got.reason, Reason::none) << method;
        EXPECT_EQ(got.head.method_text, method);
        EXPECT_EQ(got.head.method, method == "GET" ? Method::get : Method::other) << method;
    }
}

TEST(ParseRequest, refuses_start_lines) {
    expect_all({
        {line("GET /"), Reason::bad_request},
        {line("GET"), Reason::bad_request},
        {line(""), Reason::bad_request},
        {line("GET  / HTTP/1.1"), Reason::bad_target},
        {line("GET /  HTTP/1.1"), Reason::bad_target},
        {line("GET / HTTP/1.1 "), Reason::bad_request},
        {line(" GET / HTTP/1.1"), Reason::bad_request},
        {line("GET\t/ HTTP/1.1"), Reason::bad_request},
        {line("GET /\tHTTP/1.1"), Reason::bad_request},
        {line("GET /a b HTTP/1.1"), Reason::bad_target},
        {line("GET / HTTP/1.1\r"), Reason::bad_request},
        {line("GET / http/1.1"), Reason::bad_request},
        {line("GET / HTTP/1"), Reason::bad_request},
        {line("GET / HTTP/1.10"), Reason::bad_request},
        {line("GET / HTTP/11.1"), Reason::bad_request},
        {line("GET / HTTP/1,1"), Reason::bad_request},
        {line("GET / HTTP/a.b"), Reason::bad_request},
        {line("GET / HTTP 1.1"), Reason::bad_request},
        {line("GET / HTTP/ 1.1"), Reason::bad_request},
        {line("GET / HTTP/-1.1"), Reason::bad_request},
        {line("GET / HTTP/1.+1"), Reason::bad_request},
        {line("GET / RTSP/1.0"), Reason::bad_request},
        {line("SETUP rtsp://h/x RTSP/1.0"), Reason::bad_request},
        {line("SOURCE / ICE/1.0"), Reason::bad_request},
        {line("GET / SIP/2.0"), Reason::bad_request},
        {line("GET / HTTP/0.9"), Reason::version_not_supported},
        {line("GET / HTTP/1.2"), Reason::version_not_supported},
        {line("GET / HTTP/1.9"), Reason::version_not_supported},
        {line("GET / HTTP/2.0"), Reason::version_not_supported},
        {line("PRI * HTTP/2.0"), Reason::version_not_supported},
        {line("GET / HTTP/9.9"), Reason::version_not_supported},
        {line("G@T / HTTP/1.1"), Reason::bad_request},
        {line("G(T / HTTP/1.1"), Reason::bad_request},
        {line("G\"T / HTTP/1.1"), Reason::bad_request},
        {line("G\x80T / HTTP/1.1"), Reason::bad_request},
        {line(std::string("G\0T / HTTP/1.1", 14)), Reason::bad_request},
        {line("CONNECT h:443 HTTP/1.1"), Reason::not_implemented},
        {line("CONNECT / HTTP/1.1"), Reason::not_implemented},
        {"GET / HTTP/1.1\nHost: h\n\n", Reason::bad_request},
        {"GET / HTTP/1.1\nHost: h\r\n\r\n", Reason::bad_request},
        {"GET / HTTP/1.1\r\nHost: h\r\n", Reason::bad_request},
        {"GET / HTTP/1.1", Reason::bad_request},
        {"", Reason::bad_request},
    });
}

TEST(ParseRequest, leading_empty_lines_are_few) {
    const std::string request = line("GET / HTTP/1.1");
    EXPECT_EQ(parse("\r\n" + request).reason, Reason::none);
    EXPECT_EQ(parse("\r\n\r\n\r\n\r\n" + request).reason, Reason::none);
    EXPECT_EQ(parse("\r\n\r\n\r\n\r\n\r\n" + request).reason, Reason::bad_request);
    EXPECT_EQ(parse("\n" + request).reason, Reason::bad_request);
    EXPECT_EQ(parse("\r" + request).reason, Reason::bad_request);
}

TEST(ParseRequest, refuses_targets) {
    const std::vector<std::string> targets{"a",         "a/b",    "?",     "*x",         "**",       "//\\",       "/a\\b",
                                           "/a#b",      "/#",     "/?a#b", "http://h/#", "/a\x7f",   "/\x01",      "/\x80",
                                           "/\xc3\xa4", "/?\xff", "/%",    "/%0",        "/%0g",     "/%zz",       "/%00",
                                           "/a%00b",    "/..",    "/../",  "/../a",      "/a/../..", "/a/..//../", "/%2e%2e/",
                                           "/%2E./x",   "/.%2e",  "//..",  "/./..",      "ftp://h/", "htt://h/",   "http:/h/",
                                           "http:h",    "http",   "://h/", "h:80",       "[::1]:80", "urn:isbn:1", "/a/b/../../../c"};
    for (const auto& target : targets) {
        EXPECT_EQ(parse(line("GET " + target + " HTTP/1.1")).reason, Reason::bad_target) << testing::PrintToString(target);
    }
    EXPECT_EQ(parse(line("GET * HTTP/1.1")).reason, Reason::bad_target);
    EXPECT_EQ(parse(line("POST * HTTP/1.1")).reason, Reason::bad_target);
    EXPECT_EQ(parse(line(std::string("GET /a\0b HTTP/1.1", 17))).reason, Reason::bad_target);
}

TEST(ParseRequest, keeps_targets_byte_for_byte) {
    struct Good {
        std::string target, path, query;
        bool has_query;
    };
    for (const auto& good : std::vector<Good>{{"/", "/", "", false},
                                              {"/?", "/", "", true},
                                              {"/??", "/", "?", true},
                                              {"//", "//", "", false},
                                              {"//h/x", "//h/x", "", false},
                                              {"/a//b/./c/../d", "/a//b/./c/../d", "", false},
                                              {"/%2f%5C%20", "/%2f%5C%20", "", false},
                                              {"/a/%2e%2e/b", "/a/%2e%2e/b", "", false},
                                              {"/...", "/...", "", false},
                                              {"/..a", "/..a", "", false},
                                              {"/a;b=c,d", "/a;b=c,d", "", false},
                                              {"/|{}^\"<>`[]", "/|{}^\"<>`[]", "", false},
                                              {"/?a=%zz\\&b=/../..", "/", "a=%zz\\&b=/../..", true},
                                              {"/http://x/", "/http://x/", "", false},
                                              {"/:@", "/:@", "", false}}) {
        const auto got = parse(line("GET " + good.target + " HTTP/1.1"));
        ASSERT_EQ(got.reason, Reason::none) << good.target;
        EXPECT_EQ(got.head.target, good.target);
        EXPECT_EQ(got.head.path, good.path);
        EXPECT_EQ(got.head.query, good.query);
        EXPECT_EQ(got.head.has_query, good.has_query) << good.target;
    }
}

TEST(ParseRequest, an_absolute_target_overrules_host) {
    struct Good {
        std::string target, authority, host, path, query;
    };
    for (const auto& good : std::vector<Good>{{"http://a.example/x?y", "a.example", "a.example", "/x", "y"},
                                              {"HTTP://A.Example:81/", "A.Example:81", "A.Example", "/", ""},
                                              {"https://a", "a", "a", "/", ""},
                                              {"http://a?q=/", "a", "a", "/", "q=/"},
                                              {"http://[2001:db8::1]:8080/z", "[2001:db8::1]:8080", "2001:db8::1", "/z", ""},
                                              {"http://10.0.0.1:/z", "10.0.0.1:", "10.0.0.1", "/z", ""}}) {
        const auto got = parse(line("GET " + good.target + " HTTP/1.1"));
        ASSERT_EQ(got.reason, Reason::none) << good.target;
        EXPECT_EQ(got.head.authority, good.authority);
        EXPECT_EQ(got.head.host, good.host);
        EXPECT_EQ(got.head.path, good.path);
        EXPECT_EQ(got.head.query, good.query);
    }
    for (const std::string bad :
         {"http://", "http:///", "http://?x", "http://a,b/", "http://u@a/", "http://u:p@a/", "http://a:99999/", "http://a:x/",
          "http://[::1/", "http://[zz]/", "http://::1/", "http://a%41/", "http://:80/", "http://a:80:80/"}) {
        EXPECT_EQ(parse(line("GET " + bad + " HTTP/1.1")).reason, Reason::bad_host) << bad;
    }
    EXPECT_EQ(parse("GET http://a/ HTTP/1.1\r\n\r\n").reason, Reason::bad_host);
    EXPECT_EQ(parse("GET http://a/ HTTP/1.1\r\nHost: b,c\r\n\r\n").reason, Reason::bad_host);
    EXPECT_EQ(parse("GET http://a/ HTTP/1.0\r\n\r\n").reason, Reason::none);
}

TEST(ParseRequest, options_may_ask_the_server) {
    EXPECT_EQ(parse(line("OPTIONS * HTTP/1.1")).head.path, "*");
    EXPECT_EQ(parse(line("OPTIONS http://a HTTP/1.1")).head.path, "*");
    EXPECT_EQ(parse(line("OPTIONS http://a/ HTTP/1.1")).head.path, "/");
    EXPECT_EQ(parse(line("OPTIONS http://a? HTTP/1.1")).head.path, "/");
}

TEST(ParseRequest, refuses_hosts) {
    const std::string start = "GET / HTTP/1.1\r\n";
    for (const std::string fields : {"",
                                     "Host:\r\n",
                                     "Host: \r\n",
                                     "Host: a\r\nHost: a\r\n",
                                     "Host: a\r\nhost: b\r\n",
                                     "Host: a,b\r\n",
                                     "Host: a b\r\n",
                                     "Host: a, b\r\n",
                                     "Host: u@a\r\n",
                                     "Host: http://a\r\n",
                                     "Host: a/b\r\n",
                                     "Host: a?b\r\n",
                                     "Host: a#b\r\n",
                                     "Host: a\\b\r\n",
                                     "Host: a%20b\r\n",
                                     "Host: a:\t80\r\n",
                                     "Host: a:80a\r\n",
                                     "Host: a:-1\r\n",
                                     "Host: a:65536\r\n",
                                     "Host: a:0\r\n",
                                     "Host: a:80:80\r\n",
                                     "Host: :80\r\n",
                                     "Host: [::1\r\n",
                                     "Host: ::1\r\n",
                                     "Host: []\r\n",
                                     "Host: [1.2.3.4]\r\n",
                                     "Host: [::1]a\r\n",
                                     "Host: [fe80::1%25eth0]\r\n",
                                     "Host: \"a\"\r\n",
                                     "Host: <a>\r\n",
                                     "Host: a\xc3\xa4\r\n",
                                     "Host: {a}\r\n",
                                     "Host: a|b\r\n",
                                     "Host: a^b\r\n"}) {
        EXPECT_EQ(parse(start + fields + "\r\n").reason, Reason::bad_host) << testing::PrintToString(fields);
    }
    for (const std::string host : {"a", "A.B", "a_b.c", "a:80", "a:", "a:65535", "127.0.0.1", "[::1]", "[::1]:80",
                                   "[2001:DB8::ffff:1.2.3.4]", "a.", "*.x", "a~!$&'()*+;=b"}) {
        EXPECT_EQ(parse(start + "Host: " + host + "\r\n\r\n").reason, Reason::none) << host;
    }
    const auto old = parse("GET / HTTP/1.0\r\n\r\n");
    EXPECT_EQ(old.reason, Reason::none);
    EXPECT_EQ(old.head.authority, "");
    EXPECT_EQ(old.head.host, "");
    EXPECT_EQ(parse("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n").reason, Reason::bad_host);
}

TEST(ParseRequest, refuses_field_lines) {
    for (const std::string& field : std::vector<std::string>{"A : b\r\n",
                                                             "A\t: b\r\n",
                                                             ": b\r\n",
                                                             "A\r\n",
                                                             " A: b\r\n",
                                                             "\tA: b\r\n",
                                                             "A: b\r\n c\r\n",
                                                             "A: b\r\n\tc\r\n",
                                                             "A:\r\n b\r\n",
                                                             "A: b\n",
                                                             "A: b\rC: d\r\n",
                                                             "A: b\r\r\n",
                                                             "A: b\r \n",
                                                             "\rA: b\r\n",
                                                             "A: b\r\n\rB: c\r\n",
                                                             "A b: c\r\n",
                                                             "A(: b\r\n",
                                                             "A\x80: b\r\n",
                                                             "A/b: c\r\n",
                                                             "A@: b\r\n",
                                                             "A[]: b\r\n",
                                                             "A: \x01\r\n",
                                                             "A: b\x7f\r\n",
                                                             "A: b\x0b\r\n",
                                                             "A: b\x1b[0m\r\n",
                                                             "=: b\r\n",
                                                             "\"A\": b\r\n",
                                                             std::string("A: b\0c\r\n", 8),
                                                             std::string("A\0: b\r\n", 7),
                                                             std::string("\0: b\r\n", 6),
                                                             "A\xff\r\n",
                                                             "A;: b\r\n",
                                                             "A,B: c\r\n",
                                                             "{}: b\r\n"}) {
        EXPECT_EQ(parse(with(field)).reason, Reason::bad_request) << testing::PrintToString(field);
    }
}

TEST(ParseRequest, keeps_what_a_field_may_hold) {
    const auto got = parse(with("A:\r\nB: \r\nC:x\r\nD: \t x\ty \t\r\nE: \x80\xff\r\nF: a,b;\"c\"\r\n!#$%&'*+-.^_`|~: 1\r\n"));
    ASSERT_EQ(got.reason, Reason::none);
    const auto fields = got.head.fields.all();
    const std::vector<std::string> values{"h", "", "", "x", "x\ty", "\x80\xff", "a,b;\"c\"", "1"};
    ASSERT_EQ(fields.size(), values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        EXPECT_EQ(fields[i].value, values[i]) << i;
        EXPECT_EQ(fields[i].canonical, i == 0 || i > 4) << i;
    }
}

TEST(ParseRequest, frames_a_body_in_one_way_or_not_at_all) {
    expect_all({
        {with("Content-Length: 5\r\nContent-Length: 5\r\n"), Reason::bad_framing},
        {with("Content-Length: 5\r\nContent-Length: 6\r\n"), Reason::bad_framing},
        {with("Content-Length: 5, 5\r\n"), Reason::bad_framing},
        {with("Content-Length:\r\n"), Reason::bad_framing},
        {with("Content-Length: +5\r\n"), Reason::bad_framing},
        {with("Content-Length: -5\r\n"), Reason::bad_framing},
        {with("Content-Length: 0x5\r\n"), Reason::bad_framing},
        {with("Content-Length: 5_0\r\n"), Reason::bad_framing},
        {with("Content-Length: 5.0\r\n"), Reason::bad_framing},
        {with("Content-Length: 5 0\r\n"), Reason::bad_framing},
        {with("Content-Length: \"5\"\r\n"), Reason::bad_framing},
        {with("Content-Length: 1e3\r\n"), Reason::bad_framing},
        {with("Content-Length: a\r\n"), Reason::bad_framing},
        {with("Content-Length: 18446744073709551616\r\n"), Reason::bad_framing},
        {with("Content-Length: 9223372036854775808\r\n"), Reason::bad_framing},
        {with("Content-Length: 0000000000000000005\r\n"), Reason::bad_framing},
        {with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), Reason::bad_framing},
        {with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), Reason::bad_framing},
        {with("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"), Reason::bad_framing},
        {with("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n"), Reason::bad_framing},
        {with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), Reason::bad_framing},
        {with("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), Reason::bad_framing},
        {with("Transfer-Encoding: chunked, chunked\r\n"), Reason::bad_framing},
        {with("Transfer-Encoding: chunked,\r\n"), Reason::bad_framing},
        {with("Transfer-Encoding: ,chunked\r\n"), Reason::bad_framing},
        {with("Transfer-Encoding:\r\n"), Reason::bad_framing},
        {with("Transfer-Encoding: \"chunked\"\r\n"), Reason::bad_framing},
        {with("Transfer-Encoding: chunked\xa0\r\n"), Reason::bad_framing},
        {with("Transfer-Encoding: chun ked\r\n"), Reason::bad_framing},
        {with("Transfer-Encoding: \x0b"
              "chunked\r\n"),
         Reason::bad_request},
        {with("Transfer-Encoding : chunked\r\n"), Reason::bad_request},
        {with("Transfer-Encoding: xchunked\r\n"), Reason::not_implemented},
        {with("Transfer-Encoding: chunkedx\r\n"), Reason::not_implemented},
        {with("Transfer-Encoding: identity\r\n"), Reason::not_implemented},
        {with("Transfer-Encoding: gzip\r\n"), Reason::not_implemented},
        {with("Transfer-Encoding: gzip, chunked\r\n"), Reason::not_implemented},
        {with("Transfer-Encoding: chunked, gzip\r\n"), Reason::not_implemented},
        {with("Transfer-Encoding: chunked;q=1\r\n"), Reason::not_implemented},
        {"POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", Reason::bad_framing},
        {"POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", Reason::bad_framing},
    });
}

TEST(ParseRequest, reads_good_framing) {
    const auto kind = [](const std::string& fields) {
        const auto got = parse(with(fields));
        EXPECT_EQ(got.reason, Reason::none) << fields;
        return got.head.framing;
    };
    EXPECT_EQ(kind("").kind, Framing::Kind::none);
    EXPECT_EQ(kind("Content-Length: 0\r\n").kind, Framing::Kind::length);
    EXPECT_EQ(kind("Content-Length: 0\r\n").length, 0U);
    EXPECT_EQ(kind("Content-Length: 005\r\n").length, 5U);
    EXPECT_EQ(kind("Content-Length: \t5  \r\n").length, 5U);
    EXPECT_EQ(kind("content-length: 999999999999999999\r\n").length, 999999999999999999U);
    EXPECT_EQ(kind("Transfer-Encoding: chunked\r\n").kind, Framing::Kind::chunked);
    EXPECT_EQ(kind("TRANSFER-ENCODING: CHUNKED \r\n").kind, Framing::Kind::chunked);
    EXPECT_EQ(kind("Content_Length: 7\r\nTransfer_Encoding: chunked\r\n").kind, Framing::Kind::none);
}

TEST(ParseRequest, keep_alive_follows_version_and_connection) {
    const auto keeps = [](const std::string& version, const std::string& fields) {
        return parse("GET / HTTP/" + version + "\r\nHost: h\r\n" + fields + "\r\n").head.keep_alive;
    };
    EXPECT_TRUE(keeps("1.1", ""));
    EXPECT_FALSE(keeps("1.1", "Connection: close\r\n"));
    EXPECT_FALSE(keeps("1.1", "Connection: keep-alive, CLOSE\r\n"));
    EXPECT_FALSE(keeps("1.1", "Connection: x\r\nConnection: close\r\n"));
    EXPECT_TRUE(keeps("1.1", "Connection: closed\r\n"));
    EXPECT_FALSE(keeps("1.0", ""));
    EXPECT_TRUE(keeps("1.0", "Connection: Keep-Alive\r\n"));
    EXPECT_FALSE(keeps("1.0", "Connection: keep-alive, close\r\n"));
    EXPECT_FALSE(keeps("1.0", "Keep-Alive: timeout=5\r\n"));
}

TEST(ParseRequest, a_connection_list_is_short) {
    std::string options = "a";
    for (int i = 0; i < 31; ++i) {
        options += ",a";
    }
    EXPECT_EQ(parse(with("Connection: " + options + "\r\n")).reason, Reason::none);
    EXPECT_EQ(parse(with("Connection: " + options + ",a\r\n")).reason, Reason::bad_request);
    EXPECT_EQ(parse(with("Connection: " + options + "\r\nConnection: b\r\n")).reason, Reason::bad_request);
    EXPECT_TRUE(parse(with("Connection: close, foo\r\n")).head.connection_names_fields);
    EXPECT_FALSE(parse(with("Connection: close, keep-alive ,,Upgrade\r\n")).head.connection_names_fields);
    EXPECT_FALSE(parse(with("Connection: TE, content-length\r\n")).head.connection_names_fields);
    EXPECT_TRUE(parse(with("Connection: TE, Cookie\r\n")).head.connection_names_fields);
}

TEST(ParseRequest, expectations) {
    const std::string sized = "Content-Length: 5\r\n";
    EXPECT_TRUE(parse(with(sized + "Expect: 100-continue\r\n")).head.expect_continue);
    EXPECT_TRUE(parse(with("Transfer-Encoding: chunked\r\nExpect: 100-Continue\r\n")).head.expect_continue);
    EXPECT_FALSE(parse(with("Expect: 100-continue\r\n")).head.expect_continue);
    EXPECT_FALSE(parse(with("Content-Length: 0\r\nExpect: 100-continue\r\n")).head.expect_continue);
    EXPECT_EQ(parse(with(sized + "Expect: 200-ok\r\n")).reason, Reason::expectation_failed);
    EXPECT_EQ(parse(with(sized + "Expect: 100-continue, x\r\n")).reason, Reason::expectation_failed);
    EXPECT_EQ(parse(with(sized + "Expect: y 100-continue\r\n")).reason, Reason::expectation_failed);
    const auto empty = parse(with(sized + "Expect:\r\n"));
    EXPECT_EQ(empty.reason, Reason::none);
    EXPECT_FALSE(empty.head.expect_continue);
    EXPECT_TRUE(parse(with(sized + "Expect: 100-continue, 100-Continue\r\nExpect: ,100-continue\r\n")).head.expect_continue);
    EXPECT_EQ(parse(with(sized + "Expect: 100-continue\r\nExpect: x\r\n")).reason, Reason::expectation_failed);
    const auto old = parse("POST / HTTP/1.0\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(old.reason, Reason::none);
    EXPECT_FALSE(old.head.expect_continue);
}

TEST(ParseRequest, max_forwards_is_one_number_where_it_has_a_meaning) {
    const auto reason = [](const std::string& method, const std::string& fields) {
        return parse(method + " / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n").reason;
    };
    for (const std::string fields : {"Max-Forwards: x\r\n", "Max-Forwards: -1\r\n", "Max-Forwards:\r\n", "Max-Forwards: 1, 2\r\n",
                                     "Max-Forwards: 3\r\nMax-Forwards: 0\r\n"}) {
        EXPECT_EQ(reason("OPTIONS", fields), Reason::bad_request) << fields;
        EXPECT_EQ(reason("TRACE", fields), Reason::bad_request) << fields;
        EXPECT_EQ(reason("GET", fields), Reason::none) << fields;
    }
    EXPECT_EQ(reason("OPTIONS", "Max-Forwards: 99999999999999999999999\r\n"), Reason::none);
}

TEST(ParseRequest, upgrades_need_all_their_parts) {
    const auto upgrades = [](const std::string& fields, const std::string& version = "1.1") {
        const auto got = parse("GET / HTTP/" + version + "\r\nHost: h\r\n" + fields + "\r\n");
        EXPECT_EQ(got.reason, Reason::none) << fields;
        return got.head.upgrade;
    };
    EXPECT_TRUE(upgrades("Connection: Upgrade\r\nUpgrade: websocket\r\n"));
    EXPECT_TRUE(upgrades("Connection: keep-alive, upgrade\r\nUpgrade: foo/2, bar\r\n"));
    EXPECT_FALSE(upgrades("Upgrade: websocket\r\n"));
    EXPECT_FALSE(upgrades("Connection: Upgrade\r\n"));
    EXPECT_FALSE(upgrades("Connection: Upgrade\r\nUpgrade:\r\n"));
    EXPECT_FALSE(upgrades("Connection: Upgrade, close\r\nUpgrade: websocket\r\n"));
    EXPECT_FALSE(upgrades("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n"));
    EXPECT_FALSE(upgrades("Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n"));
    EXPECT_FALSE(upgrades("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"));
    EXPECT_FALSE(upgrades("Connection: Upgrade\r\nUpgrade: websocket, H2C\r\n"));
    EXPECT_FALSE(upgrades("Connection: Upgrade\r\nUpgrade: HTTP/2.0\r\n"));
    EXPECT_FALSE(upgrades("Connection: Upgrade\r\nUpgrade: websocket\r\n", "1.0"));
}

TEST(ParseRequest, a_tab_behind_a_length_is_white_space) {
    const std::string text = with("X-A:\tb\tc \t\r\nContent-Length: \t7\t \t\r\nX-D: e\r\n");
    const auto parsed = parse(text);
    ASSERT_EQ(parsed.reason, Reason::none);
    EXPECT_EQ(parsed.head.framing.length, 7U);
    EXPECT_EQ(parsed.head.fields.all()[1].value, "b\tc") << "only the judge saw blanks";
    EXPECT_FALSE(parsed.head.fields.all()[1].canonical);
    EXPECT_FALSE(parsed.head.fields.find(http::FieldId::content_length)->canonical);
    EXPECT_EQ(parsed.head.fields.all()[3].value, "e");
    EXPECT_TRUE(parsed.head.fields.all()[3].canonical);
    for (const char* const bad : {"7\t7", "7\t,7", "\t", "7\t\v", "x\t"}) {
        EXPECT_EQ(parse(with("Content-Length: " + std::string(bad) + "\r\n")).reason, Reason::bad_framing) << bad;
    }
    EXPECT_EQ(parse(with("Content-Length\t: 7\t\r\n")).reason, Reason::bad_request);
}

TEST(ParseRequest, limits) {
    const RequestLimits limits{.max_request_line = 30, .max_head_bytes = 100, .max_fields = 3};
    const std::string path15(15, 'a');
    EXPECT_EQ(parse(line("GET /" + path15 + " HTTP/1.1"), limits).reason, Reason::none);  // 29 bytes
    EXPECT_EQ(parse(line("GET /" + path15 + "aa HTTP/1.1"), limits).reason, Reason::uri_too_long);
    EXPECT_EQ(parse(line("GET /" + std::string(500, 'a') + " HTTP/1.1"), limits).reason, Reason::uri_too_long);
    EXPECT_EQ(parse(with("A: 1\r\nB: 2\r\n"), limits).reason, Reason::none);
    EXPECT_EQ(parse(with("A: 1\r\nB: 2\r\nC: 3\r\n"), limits).reason, Reason::too_many_headers);
    EXPECT_EQ(parse(with("A: " + std::string(80, 'x') + "\r\n"), limits).reason, Reason::headers_too_large);
    EXPECT_EQ(parse(with("A: " + std::string(17, 'x') + "\r\n"), {.max_field_line = 20}).reason, Reason::none);
    EXPECT_EQ(parse(with("A: " + std::string(18, 'x') + "\r\n"), {.max_field_line = 20}).reason, Reason::header_line_too_long);
    EXPECT_EQ(parse(with(std::string(21, 'A') + ":\r\n"), {.max_field_line = 20}).reason, Reason::header_line_too_long);
    EXPECT_EQ(parse(with("A:" + std::string(20, ' ') + "x\r\n"), {.max_field_line = 20}).reason, Reason::header_line_too_long);
    std::string many;
    for (int i = 0; i < 300; ++i) {
        many += "A: b\r\n";
    }
    EXPECT_EQ(parse(with(many), {.max_fields = 1000}).reason, Reason::too_many_headers);
}

TEST(CheckPartialRequest, refuses_early_what_cannot_become_good) {
    const RequestLimits limits{.max_request_line = 30, .max_head_bytes = 60, .max_fields = 3};
    EXPECT_EQ(check_partial_request("", limits), Reason::none);
    EXPECT_EQ(check_partial_request("GET /", limits), Reason::none);
    EXPECT_EQ(check_partial_request("GET / HTTP/1.1\r\n", limits), Reason::none);
    EXPECT_EQ(check_partial_request("\r\nGET / HTTP/1.1\r\nHo", limits), Reason::none);
    EXPECT_EQ(check_partial_request("GET /\r\n", limits), Reason::bad_request);
    EXPECT_EQ(check_partial_request("GET / HTTP/1.1 x\r\n", limits), Reason::bad_request);
    EXPECT_EQ(check_partial_request("GET /" + std::string(30, 'a'), limits), Reason::uri_too_long);
    EXPECT_EQ(check_partial_request("GET / HTTP/1.1\r\nA: " + std::string(60, 'a'), limits), Reason::headers_too_large);
}

std::size_t end_of(std::string_view bytes) {
    std::size_t scanned = 0;
    return find_head_end(bytes, scanned);
}

TEST(FindHeadEnd, finds_the_empty_line) {
    EXPECT_EQ(end_of("GET / HTTP/1.1\r\n\r\nrest"), 18U);
    EXPECT_EQ(end_of("\r\nGET / HTTP/1.1\r\n\r\n"), 20U);
    EXPECT_EQ(end_of("\r\n\r\n\r\n\r\nG\r\n\r\n"), 13U);
    EXPECT_EQ(end_of("G\r\n\r\n\r\n"), 5U);
    for (const std::string_view more :
         {"", "\r", "\r\n", "\r\n\r", "G", "GET / HTTP/1.1\r\n", "G\r\nA: b\r\n\r", "G\r\r\r", "\r\n\r\n\r\n\r\n"}) {
        EXPECT_EQ(end_of(more), 0U) << testing::PrintToString(more);
    }
}

TEST(FindHeadEnd, ends_early_where_no_head_can_be) {
    for (const std::string_view hopeless :
         {"\n", "\r\r", "\rG", " GET", "\x16\x03\x01\x02", "\r\n\r\n\r\n\r\n\r\n", "G\n", "GET / HTTP/1.1\nHost: h\r\n", "(", "\x80",
          "G\r\nA: b\n", "G\r\r\n", "GET / HTTP/1.1\r\nHost: h\r\n b", "GET / HTTP/1.1\r\n\tA: b\r\n"}) {
        const auto end = end_of(hopeless);
        EXPECT_GT(end, 0U) << testing::PrintToString(hopeless);
        EXPECT_LE(end, hopeless.size());
        http::RequestHead head;
        EXPECT_NE(parse_request(hopeless.substr(0, end), {}, head), Reason::none) << testing::PrintToString(hopeless);
    }
}

TEST(FindHeadEnd, grows_byte_by_byte_to_the_same_end) {
    for (const std::string_view bytes : {"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\nmore", "GET / HTTP/1.1\r\nA: b\r\r\n\r\n",
                                         "G\n\r\n", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n"}) {
        std::size_t scanned = 0;
        std::size_t end = 0;
        std::size_t size = 0;
        while (end == 0 && size < bytes.size()) {
            end = find_head_end(bytes.substr(0, ++size), scanned);
        }
        EXPECT_EQ(end, end_of(bytes)) << testing::PrintToString(bytes);
        EXPECT_EQ(end, size);
    }
}

}  // namespace
}  // namespace cardea::http1
