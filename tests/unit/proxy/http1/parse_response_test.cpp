#include "proxy/http1/parser.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cardea::http1 {
namespace {

using http::Framing;
using http::Method;
using http::Reason;

struct Answer {
    std::string bytes;
    http::ResponseHead head{};
    Reason reason{Reason::none};
};

Answer read(std::string bytes, Method method = Method::get) {
    Answer out{std::move(bytes)};
    out.reason = parse_response(out.bytes, method, 200, out.head);
    // What is read in one go, whatever follows, is read the same.
    const std::string more = out.bytes + "A: 1\r\n\r\n";
    http::ResponseHead quick;
    if (parse_plain_response(more, method, 200, quick) == out.bytes.size()) {
        EXPECT_EQ(out.reason, Reason::none) << out.bytes;
        EXPECT_EQ(quick.status, out.head.status);
        EXPECT_EQ(quick.framing.kind, out.head.framing.kind);
        EXPECT_EQ(quick.framing.length, out.head.framing.length);
        EXPECT_EQ(quick.keep_alive, out.head.keep_alive);
        EXPECT_EQ(quick.fields.size(), out.head.fields.size());
    }
    return out;
}

TEST(ParseResponse, reads_a_plain_head_in_one_go_once_it_is_all_there) {
    const std::string head = "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 3\r\n\r\n";
    http::ResponseHead read;
    for (std::size_t size = 0; size < head.size(); ++size) {
        EXPECT_EQ(parse_plain_response(head.substr(0, size), Method::get, 200, read), 0U) << size;
    }
    EXPECT_EQ(parse_plain_response(head + "abc", Method::get, 200, read), head.size());
    EXPECT_EQ(read.framing.length, 3U);
    for (const char* other :
         {"HTTP/1.1 200 OK\r\nServer:x\r\n\r\n", "HTTP/1.1 200 OK\nServer: x\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", "HTTP/1.1 200 OK\r\nA: 1\r\n b\r\n\r\n"}) {
        EXPECT_EQ(parse_plain_response(other, Method::get, 200, read), 0U) << other;
    }
    EXPECT_EQ(parse_plain_response("HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\n\r\n", Method::get, 1, read), 0U) << "more fields than are taken";
}

TEST(ParseResponse, takes_an_answer_apart) {
    const auto got = read("HTTP/1.1 404 Not here\r\nServer: x\r\nContent-Length: 3\r\nKeep-Alive: max=100, timeout=7\r\n\r\n");
    ASSERT_EQ(got.reason, Reason::none);
    EXPECT_EQ(got.head.status, 404);
    EXPECT_EQ(got.head.reason, "Not here");
    EXPECT_EQ(got.head.version, http::Version::http11);
    EXPECT_EQ(got.head.framing.kind, Framing::Kind::length);
    EXPECT_EQ(got.head.framing.length, 3U);
    EXPECT_TRUE(got.head.keep_alive);
    EXPECT_EQ(got.head.keep_alive_timeout, "7");
}

TEST(ParseResponse, refuses_status_lines) {
    for (const std::string& line : std::vector<std::string>{"",
                                                            "200 OK",
                                                            "HTTP/1.1",
                                                            "HTTP/1.1 ",
                                                            "HTTP/1.1 20",
                                                            "HTTP/1.1 20 OK",
                                                            "HTTP/1.1 2000 OK",
                                                            "HTTP/1.1 099 X",
                                                            "HTTP/1.1 000 X",
                                                            "HTTP/1.1 600 X",
                                                            "HTTP/1.1 999 X",
                                                            "HTTP/1.1  200 OK",
                                                            " HTTP/1.1 200 OK",
                                                            "HTTP/1.1\t200 OK",
                                                            "HTTP/1.1 200\tOK",
                                                            "HTTP/1.1 2x0 OK",
                                                            "HTTP/1.1 +20 OK",
                                                            "HTTP/1.1 -20 OK",
                                                            "HTTP/1.1200 OK",
                                                            "http/1.1 200 OK",
                                                            "HTTP/2.0 200 OK",
                                                            "HTTP/2 200 OK",
                                                            "HTTP/1.2 200 OK",
                                                            "HTTP/0.9 200 OK",
                                                            "HTTP/1.10 200 OK",
                                                            "HTTP/1.1 200OK",
                                                            "ICY 200 OK",
                                                            "RTSP/1.0 200 OK",
                                                            "\r\nHTTP/1.1 200 OK",
                                                            "HTTP/1.1 200 O\x01K",
                                                            "HTTP/1.1 200 O\rK",
                                                            "HTTP/1.1 200 O\x7fK",
                                                            "HTTP/1.1 200 OK\r",
                                                            "HTTP/1.1 200 OK\nX: y",
                                                            std::string("HTTP/1.1 200 O\0K", 16),
                                                            "<html>",
                                                            "SSH-2.0-OpenSSH_9.0"}) {
        EXPECT_EQ(read(line + "\r\nContent-Length: 0\r\n\r\n").reason, Reason::upstream_malformed) << testing::PrintToString(line);
    }
}

TEST(ParseResponse, takes_every_well_formed_status_line) {
    EXPECT_EQ(read("HTTP/1.1 200 \r\n\r\n").head.reason, "");
    EXPECT_EQ(read("HTTP/1.1 200\r\n\r\n").reason, Reason::none);
    EXPECT_EQ(read("HTTP/1.1 599 a b\tc \xff\r\n\r\n").head.reason, "a b\tc \xff");
    EXPECT_EQ(read("HTTP/1.0 200 OK\r\n\r\n").head.version, http::Version::http10);
    EXPECT_EQ(read("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n").head.status, 103);
}

TEST(ParseResponse, refuses_malformed_fields) {
    for (const std::string& field : std::vector<std::string>{"A : b\r\n",
                                                             ": b\r\n",
                                                             "A\r\n",
                                                             " A: b\r\n",
                                                             "A: b\r\n c\r\n",
                                                             "A: b\n",
                                                             "A: b\rC: d\r\n",
                                                             "A: \x01\r\n",
                                                             std::string("A: \0\r\n", 6),
                                                             "A\x80: b\r\n",
                                                             "Content-Length: 5\r\nContent-Length: 5\r\n",
                                                             "Content-Length: 5\r\nContent-Length: 6\r\n",
                                                             "Content-Length: 5, 5\r\n",
                                                             "Content-Length: abc\r\n",
                                                             "Content-Length: -1\r\n",
                                                             "Content-Length: +1\r\n",
                                                             "Content-Length:\r\n",
                                                             "Content-Length: 99999999999999999999\r\n",
                                                             "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                                                             "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                                                             "Transfer-Encoding: gzip\r\n",
                                                             "Transfer-Encoding: gzip, chunked\r\n",
                                                             "Transfer-Encoding: chunked, gzip\r\n",
                                                             "Transfer-Encoding: identity\r\n",
                                                             "Transfer-Encoding: xchunked\r\n",
                                                             "Transfer-Encoding:\r\n",
                                                             "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"}) {
        EXPECT_EQ(read("HTTP/1.1 200 OK\r\n" + field + "\r\n").reason, Reason::upstream_malformed) << testing::PrintToString(field);
    }
    EXPECT_EQ(read("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").reason, Reason::upstream_malformed);
    EXPECT_EQ(read("HTTP/1.1 200 OK\r\nA: b\r\n").reason, Reason::upstream_malformed);
    EXPECT_EQ(read("HTTP/1.1 304 OK\r\nContent-Length: 5, 5\r\n\r\n").reason, Reason::upstream_malformed);
    std::string many = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 201; ++i) {
        many += "A: b\r\n";
    }
    EXPECT_EQ(read(many + "\r\n").reason, Reason::upstream_malformed);
}

TEST(ParseResponse, the_length_of_a_body) {
    struct Length {
        Method method;
        std::string head;
        Framing::Kind kind;
        std::uint64_t length;
        bool keep_alive;
    };
    using K = Framing::Kind;
    for (const auto& item : std::vector<Length>{
             {Method::get, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", K::length, 5, true},
             {Method::get, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", K::length, 0, true},
             {Method::get, "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n", K::chunked, 0, true},
             {Method::get, "HTTP/1.1 200 OK\r\n", K::until_close, 0, false},
             {Method::get, "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n", K::until_close, 0, false},
             {Method::get, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n", K::length, 5, false},
             {Method::get, "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n", K::length, 5, false},
             {Method::get, "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n", K::length, 5, true},
             {Method::head, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", K::none, 0, true},
             {Method::head, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", K::none, 0, true},
             {Method::head, "HTTP/1.1 200 OK\r\n", K::none, 0, true},
             {Method::get, "HTTP/1.1 204 No\r\n", K::none, 0, true},
             {Method::get, "HTTP/1.1 204 No\r\nContent-Length: 0\r\n", K::none, 0, true},
             {Method::get, "HTTP/1.1 204 No\r\nContent-Length: 5\r\n", K::none, 0, false},
             {Method::get, "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n", K::none, 0, false},
             {Method::get, "HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n", K::none, 0, false},
             {Method::get, "HTTP/1.1 304 No\r\nContent-Length: 5\r\n", K::none, 0, true},
             {Method::get, "HTTP/1.1 304 No\r\n", K::none, 0, true},
             {Method::post, "HTTP/1.1 100 Continue\r\n", K::none, 0, true},
             {Method::get, "HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\n", K::none, 0, true},
             {Method::get, "HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n", K::length, 0, true},
         }) {
        const auto got = read(item.head + "\r\n", item.method);
        ASSERT_EQ(got.reason, Reason::none) << item.head;
        EXPECT_EQ(got.head.framing.kind, item.kind) << item.head;
        EXPECT_EQ(got.head.framing.length, item.length) << item.head;
        EXPECT_EQ(got.head.keep_alive, item.keep_alive) << item.head;
    }
}

}  // namespace
}  // namespace cardea::http1
