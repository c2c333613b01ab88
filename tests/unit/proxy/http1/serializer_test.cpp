#include "proxy/http1/serializer.hpp"

#include "proxy/http1/parser.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace cardea::http1 {
namespace {

using http::Reason;

/// What the endpoint gets for these bytes, from a client at 192.0.2.9 on port 8000.
struct Forwarding {
    bool trusted{false};
    config::Headers policy{};
    config::HeaderEdits edits{};
    std::string upstream_host{};

    std::string operator()(const std::string& bytes) const {
        http::RequestHead head;
        const auto reason = parse_request(bytes, {}, head);
        EXPECT_EQ(http::name_of(reason), "none") << bytes;
        const http::Peer peer{.trusted = trusted, .local_port = 8000, .address_text = "192.0.2.9"};
        http::Forwarded forwarded;
        http::fill_forwarded(head, peer, {}, policy, 1, forwarded);
        forwarded.request_id = "id";
        std::array<char, 8192> block;
        Out out{block};
        write_request(head, forwarded, edits, upstream_host, out);
        EXPECT_FALSE(out.overflowed());
        return std::string{out.text()};
    }
};

std::string ours(const std::string& host = "h", const std::string& version = "1.1") {
    return "X-Forwarded-For: 192.0.2.9\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: " + host +
           "\r\nX-Forwarded-Port: 8000\r\nX-Real-IP: 192.0.2.9\r\nX-Request-Id: id\r\nVia: " + version + " cardea\r\n";
}

std::string get(const std::string& fields) {
    return "GET / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}

std::string passed(const std::string& fields, const Forwarding& forwarding = {}) {
    const auto out = forwarding(get(fields));
    const std::string start = "GET / HTTP/1.1\r\nHost: h\r\n";
    const auto end = ours() + "\r\n";
    EXPECT_TRUE(out.starts_with(start)) << out;
    EXPECT_TRUE(out.ends_with(end)) << out;
    return out.size() < start.size() + end.size() ? out : out.substr(start.size(), out.size() - start.size() - end.size());
}

TEST(WriteRequest, end_to_end_fields_pass_in_order) {
    EXPECT_EQ(passed("User-Agent: x\r\nAccept: */*\r\nCookie: a\r\nCookie: b\r\nX: \x80\r\n"),
              "User-Agent: x\r\nAccept: */*\r\nCookie: a\r\nCookie: b\r\nX: \x80\r\n");
    EXPECT_EQ(passed("A:1\r\nB: \t2 \r\nC:\r\nD: 4\r\n"), "A: 1\r\nB: 2\r\nC: \r\nD: 4\r\n");
    EXPECT_EQ(passed(""), "");
}

TEST(WriteRequest, hop_by_hop_fields_stay_here) {
    EXPECT_EQ(passed("A: 1\r\nConnection: keep-alive\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nTE: trailers\r\nUpgrade: "
                     "x\r\nHTTP2-Settings: x\r\nProxy-Authorization: x\r\nB: 2\r\n"),
              "A: 1\r\nB: 2\r\n");
    EXPECT_EQ(passed("x-foo: 1\r\nConnection: X-Foo, ,\tX-Bar\r\nX-Bar: 2\r\nX-Foo: 3\r\nConnection: Cookie\r\nCookie: 4\r\nX-Foob: 5\r\n"),
              "X-Foob: 5\r\n");
    EXPECT_EQ(passed("Trailer: X-Sum\r\nProxy: evil\r\n"), "Trailer: X-Sum\r\n");
}

TEST(WriteRequest, connection_cannot_take_away_what_others_rely_on) {
    EXPECT_EQ(
        passed("Connection: Host, X-Forwarded-For, X-Real-IP, Via, Forwarded, X-Request-Id, X-Forwarded-Proto, close\r\nVia: 1.0 a\r\n"),
        "Via: 1.0 a\r\n");
    EXPECT_NE(Forwarding{}("POST / HTTP/1.1\r\nHost: h\r\nConnection: Content-Length, Transfer-Encoding\r\nContent-Length: 3\r\n\r\n")
                  .find("Content-Length: 3\r\n"),
              std::string::npos);
}

TEST(WriteRequest, forwarding_fields_of_strangers_are_replaced) {
    EXPECT_EQ(passed("X-Forwarded-For: 1.1.1.1\r\nx-forwarded-proto: https\r\nX-Forwarded-Host: e\r\nX-Forwarded-Port: 1\r\nX-Real-IP: "
                     "1.1.1.1\r\nForwarded: for=1.1.1.1\r\n"
                     "X-Request-Id: mine\r\nX-Forwarded-Prefix: /a\r\nX_Forwarded_For: 1\r\nX-Forwarded_For: 1\r\nx_real_ip: "
                     "1\r\nContent_Length: 3\r\nA: 1\r\n"),
              "A: 1\r\n");
}

TEST(WriteRequest, forwarding_fields_of_a_trusted_peer_are_kept_and_appended_to) {
    const auto out =
        Forwarding{.trusted = true}(get("X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2, 3.3.3.3\r\nX-Forwarded-Proto: "
                                        "https\r\nX-Forwarded-Prefix: /a\r\nForwarded: for=1.1.1.1\r\n"));
    EXPECT_NE(out.find("X-Forwarded-For: 1.1.1.1, 2.2.2.2, 3.3.3.3, 192.0.2.9\r\n"), std::string::npos) << out;
    EXPECT_NE(out.find("X-Forwarded-Proto: https\r\n"), std::string::npos);
    EXPECT_NE(out.find("X-Forwarded-Prefix: /a\r\nForwarded: for=1.1.1.1\r\n"), std::string::npos);
}

TEST(WriteRequest, forwarded_is_written_on_demand) {
    config::Headers policy;
    policy.forwarded = true;
    const auto out = Forwarding{.policy = policy}(get("Forwarded: for=1.1.1.1\r\n"));
    EXPECT_NE(out.find("\r\nForwarded: for=192.0.2.9;host=\"h\";proto=http\r\n"), std::string::npos) << out;
    EXPECT_EQ(out.find("1.1.1.1"), std::string::npos);
}

TEST(WriteRequest, the_target_is_sent_in_origin_form) {
    const Forwarding forwarding;
    EXPECT_TRUE(forwarding("GET /a%2f//./b?c=%zz HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("GET /a%2f//./b?c=%zz HTTP/1.1\r\n"));
    EXPECT_EQ(forwarding("GET http://A:81/x?y HTTP/1.1\r\nHost: h\r\n\r\n"), "GET /x?y HTTP/1.1\r\nHost: A:81\r\n" + ours("A:81") + "\r\n");
    EXPECT_TRUE(forwarding("GET http://a?y HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("GET /?y HTTP/1.1\r\nHost: a\r\n"));
    EXPECT_TRUE(forwarding("GET /? HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("GET /? HTTP/1.1\r\n"));
    EXPECT_TRUE(forwarding("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("OPTIONS * HTTP/1.1\r\n"));
    EXPECT_TRUE(forwarding("OPTIONS http://a HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("OPTIONS * HTTP/1.1\r\nHost: a\r\n"));
    EXPECT_TRUE(forwarding("PURGE /x HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("PURGE /x HTTP/1.1\r\n"));
}

TEST(WriteRequest, the_version_and_host_are_ours_to_say) {
    EXPECT_EQ(Forwarding{}("GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n"),
              "GET / HTTP/1.1\r\nHost: h\r\n" + ours("h", "1.0") + "\r\n");
    EXPECT_TRUE(Forwarding{}("GET / HTTP/1.0\r\n\r\n").starts_with("GET / HTTP/1.1\r\nHost: \r\n"));
    EXPECT_EQ(Forwarding{.upstream_host = "up:81"}(get("")), "GET / HTTP/1.1\r\nHost: up:81\r\n" + ours() + "\r\n");
}

TEST(WriteRequest, framing_is_written_anew) {
    const Forwarding forwarding;
    const std::string start = "POST / HTTP/1.1\r\nHost: h\r\n";
    EXPECT_EQ(forwarding(start + "content-length:  007\r\nA: 1\r\n\r\n"), start + "A: 1\r\n" + ours() + "Content-Length: 7\r\n\r\n");
    EXPECT_EQ(forwarding(start + "Transfer-Encoding: CHUNKED\r\n\r\n"), start + ours() + "Transfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(forwarding(start + "\r\n"), start + ours() + "\r\n");
    EXPECT_EQ(forwarding(start + "Content-Length: 0\r\n\r\n"), start + ours() + "Content-Length: 0\r\n\r\n");
}

TEST(WriteRequest, expect_goes_along_while_nobody_has_answered_it) {
    const std::string bytes = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n";
    EXPECT_NE(Forwarding{}(bytes).find("Expect: 100-continue\r\n"), std::string::npos);
    http::RequestHead head;
    ASSERT_EQ(parse_request(bytes, {}, head), Reason::none);
    head.expect_continue = false;
    std::array<char, 1024> block;
    Out out{block};
    write_request(head, http::Forwarded{}, {}, "", out);
    EXPECT_EQ(out.text().find("Expect"), std::string_view::npos);
    EXPECT_EQ(passed("Expect: 100-continue\r\n"), "");
    const auto twice =
        Forwarding{}("POST / HTTP/1.1\r\nHost: h\r\nexpect: ,100-Continue\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
    EXPECT_TRUE(twice.ends_with(ours() + "Expect: 100-continue\r\nContent-Length: 1\r\n\r\n")) << twice;
}

TEST(WriteRequest, an_upgrade_is_asked_for_anew) {
    EXPECT_TRUE(Forwarding{}(get("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n"))
                    .ends_with(ours() + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"));
    EXPECT_EQ(passed("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"), "");
}

TEST(WriteRequest, max_forwards_counts_down_where_it_has_a_meaning) {
    EXPECT_NE(Forwarding{}("OPTIONS / HTTP/1.1\r\nHost: h\r\nmax-forwards: 7\r\n\r\n").find("Max-Forwards: 6\r\n"), std::string::npos);
    EXPECT_NE(Forwarding{}("OPTIONS / HTTP/1.1\r\nHost: h\r\nMax-Forwards: 99999999999999999999999\r\n\r\n")
                  .find("Max-Forwards: 18446744073709551614\r\n"),
              std::string::npos);
    EXPECT_EQ(passed("Max-Forwards: 7\r\nA: 1\r\n"), "Max-Forwards: 7\r\nA: 1\r\n");
}

TEST(WriteRequest, a_route_sets_and_removes) {
    config::HeaderEdits edits;
    edits.set = {{"X-Env", "prod"}, {"Cookie", "c"}, {"X-Real-IP", "0.0.0.0"}, {"Content-Length", "9"}, {"Connection", "x"}, {"Host", "x"}};
    edits.remove = {"x-debug", "via", "Host", "Content-Length"};
    const auto out = Forwarding{.edits = edits}(
        "POST / HTTP/1.1\r\nHost: h\r\nCookie: a\r\nX-DEBUG: 1\r\nA: 1\r\ncookie: b\r\nContent-Length: 3\r\n\r\n");
    EXPECT_EQ(out,
              "POST / HTTP/1.1\r\nHost: h\r\nA: 1\r\nX-Env: prod\r\nCookie: c\r\nX-Real-IP: 0.0.0.0\r\nX-Forwarded-For: "
              "192.0.2.9\r\nX-Forwarded-Proto: http\r\n"
              "X-Forwarded-Host: h\r\nX-Forwarded-Port: 8000\r\nX-Request-Id: id\r\nVia: 1.1 cardea\r\nContent-Length: 3\r\n\r\n");
}

TEST(WriteRequest, an_overflow_is_remembered) {
    http::RequestHead head;
    const auto bytes = get("A: " + std::string(100, 'x') + "\r\n");
    ASSERT_EQ(parse_request(bytes, {}, head), Reason::none);
    for (std::size_t size = 0; size < 100; size += 7) {
        std::vector<char> block(size);
        Out out{block};
        write_request(head, http::Forwarded{}, {}, "", out);
        EXPECT_TRUE(out.overflowed());
    }
}

/// What the client gets for an answer of the endpoint.
struct Answering {
    ResponseContext context{.via = "cardea", .date = "today"};
    config::HeaderEdits edits{};

    std::string operator()(const std::string& bytes) const {
        http::ResponseHead head;
        EXPECT_EQ(http::name_of(parse_response(bytes, context.method, 200, head)), "none") << bytes;
        std::array<char, 4096> block;
        Out out{block};
        write_response(head, edits, context, out);
        EXPECT_FALSE(out.overflowed());
        return std::string{out.text()};
    }
};

TEST(WriteResponse, the_head_is_cleaned_and_completed) {
    EXPECT_EQ(
        Answering{}("HTTP/1.1 200 Fine\r\nServer: s\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nConnection: keep-alive, X-Foo\r\nKeep-Alive: "
                    "timeout=5\r\nx-foo: 1\r\nContent-Length: 02\r\n\r\n"),
        "HTTP/1.1 200 Fine\r\nServer: s\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nVia: 1.1 cardea\r\nDate: today\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(Answering{}("HTTP/1.0 200\r\ndate: then\r\nContent-Length: 0\r\nProxy-Authenticate: x\r\nTrailer: T\r\n\r\n"),
              "HTTP/1.1 200 \r\ndate: then\r\nTrailer: T\r\nVia: 1.0 cardea\r\nContent-Length: 0\r\n\r\n");
}

TEST(WriteResponse, framing_fits_the_client) {
    const std::string chunked = "HTTP/1.1 200 OK\r\nDate: d\r\nTransfer-Encoding: Chunked\r\n\r\n";
    const std::string closing = "HTTP/1.1 200 OK\r\nDate: d\r\nConnection: close\r\n\r\n";
    const std::string sized = "HTTP/1.1 200 OK\r\nDate: d\r\nContent-Length: 3\r\n\r\n";
    const std::string start = "HTTP/1.1 200 OK\r\nDate: d\r\nVia: 1.1 cardea\r\n";
    EXPECT_EQ(Answering{}(chunked), start + "Transfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(Answering{}(closing), start + "Transfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(Answering{}(sized), start + "Content-Length: 3\r\n\r\n");
    Answering old;
    old.context.client_version = http::Version::http10;
    EXPECT_EQ(old(chunked), start + "Connection: close\r\n\r\n");
    EXPECT_EQ(old(closing), start + "Connection: close\r\n\r\n");
    EXPECT_EQ(old(sized), start + "Content-Length: 3\r\nConnection: keep-alive\r\n\r\n");
    old.context.close = true;
    EXPECT_EQ(old(sized), start + "Content-Length: 3\r\nConnection: close\r\n\r\n");
}

TEST(WriteResponse, an_answer_without_body_keeps_the_length_it_speaks_of) {
    Answering head;
    head.context.method = http::Method::head;
    const std::string fields = "Date: d\r\nContent-Length: 300\r\n";
    EXPECT_EQ(head("HTTP/1.1 200 OK\r\n" + fields + "\r\n"), "HTTP/1.1 200 OK\r\n" + fields + "Via: 1.1 cardea\r\n\r\n");
    EXPECT_EQ(Answering{}("HTTP/1.1 304 OK\r\n" + fields + "\r\n"), "HTTP/1.1 304 OK\r\n" + fields + "Via: 1.1 cardea\r\n\r\n");
    EXPECT_EQ(Answering{}("HTTP/1.1 204 OK\r\n" + fields + "\r\n"), "HTTP/1.1 204 OK\r\nDate: d\r\nVia: 1.1 cardea\r\n\r\n");
    EXPECT_EQ(Answering{}("HTTP/1.1 204 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
              "HTTP/1.1 204 OK\r\nVia: 1.1 cardea\r\nDate: today\r\n\r\n");
}

TEST(WriteResponse, interim_heads_pass_as_they_are) {
    EXPECT_EQ(Answering{}("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: close\r\n\r\n"),
              "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    EXPECT_EQ(Answering{}("HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(Answering{}("HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n"),
              "HTTP/1.1 101 Go\r\nSec-WebSocket-Accept: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
}

TEST(WriteResponse, what_could_be_taken_for_framing_stays_here) {
    EXPECT_EQ(Answering{}("HTTP/1.1 204 OK\r\nContent_Length: 5\r\ntransfer_encoding: chunked\r\nX_A: 1\r\n\r\n"),
              "HTTP/1.1 204 OK\r\nX_A: 1\r\nVia: 1.1 cardea\r\nDate: today\r\n\r\n");
}

TEST(WriteResponse, an_upgrade_that_is_required_is_named) {
    const std::string end = "Via: 1.1 cardea\r\nDate: today\r\nContent-Length: 0\r\n\r\n";
    const std::string start = "HTTP/1.1 426 Upgrade Required\r\n";
    EXPECT_EQ(Answering{}(start + "Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n"),
              start + "Connection: Upgrade\r\nUpgrade: websocket\r\n" + end);
    EXPECT_EQ(Answering{}(start + "Content-Length: 0\r\n\r\n"), start + end);
}

TEST(WriteResponse, a_route_sets_and_removes) {
    Answering answering;
    answering.edits.set = {{"X-Frame", "no"}, {"Date", "never"}};
    answering.edits.remove = {"server"};
    const std::string via = "HTTP/1.1 200 OK\r\nVia: 1.1 a\r\nDate: never\r\nContent-Length: 0\r\n\r\n";
    EXPECT_EQ((Answering{.edits = {.remove = {"via"}}}(via)), "HTTP/1.1 200 OK\r\nDate: never\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ((Answering{.edits = {.set = {{"Via", "1.1 b"}}}}(via)),
              "HTTP/1.1 200 OK\r\nDate: never\r\nVia: 1.1 b\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(answering("HTTP/1.1 200 OK\r\nServer: s\r\nx-frame: yes\r\nContent-Length: 0\r\n\r\n"),
              "HTTP/1.1 200 OK\r\nX-Frame: no\r\nDate: never\r\nVia: 1.1 cardea\r\nContent-Length: 0\r\n\r\n");
}

std::string reply(const Reply& what) {
    std::array<char, 1024> block;
    Out out{block};
    write_reply(what, out);
    return std::string{out.text()};
}

TEST(WriteReply, says_what_went_wrong) {
    EXPECT_EQ(reply({.status = 503, .reason = Reason::no_endpoint, .extra_fields = "Retry-After: 1\r\n", .date = "d"}),
              "HTTP/1.1 503 Service Unavailable\r\nDate: d\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "
              "20\r\nX-Cardea-Reason: no_endpoint\r\n"
              "Retry-After: 1\r\n\r\nService Unavailable\n");
    EXPECT_EQ(reply({.status = 400, .reason = Reason::bad_host, .close = true, .show_reason = false}),
              "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 12\r\nConnection: close\r\n\r\nBad "
              "Request\n");
    EXPECT_EQ(
        reply({.status = 404, .reason = Reason::no_route, .head_only = true}),
        "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 10\r\nX-Cardea-Reason: no_route\r\n\r\n");
    EXPECT_EQ(reply({.status = 200, .body = "hi", .extra_fields = "A: b\r\n"}), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: b\r\n\r\nhi");
    EXPECT_EQ(reply({.status = 204}), "HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_EQ(reply({.status = 299, .body = "x"}), "HTTP/1.1 299 \r\nContent-Length: 1\r\n\r\nx");
}

TEST(ChunkHeader, is_hexadecimal) {
    std::array<char, 20> room;
    EXPECT_EQ(chunk_header(1, room), "1\r\n");
    EXPECT_EQ(chunk_header(0x1aF, room), "1af\r\n");
    EXPECT_EQ(chunk_header(~std::size_t{0}, room), "ffffffffffffffff\r\n");
}

}  // namespace
}  // namespace cardea::http1
