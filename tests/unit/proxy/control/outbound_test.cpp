#include "proxy/control/outbound.hpp"

#include "tests/unit/proxy/control/scripted_server.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <zlib.h>

#include <optional>

namespace cardea::control {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using Kind = OutboundFailure::Kind;
using Reply = ScriptedServer::Reply;
using Result = tl::expected<Answer, OutboundFailure>;

std::string gzip(const std::string& plain) {
    z_stream stream{};
    deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    std::string input = plain;
    std::string out(plain.size() + 128, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

class OutboundTest : public testing::Test {
protected:
    Result fetch(const config::Address& address, OutboundRequest request = {}) {
        std::optional<Result> result;
        outbound.fetch(Place{address, {}}, std::move(request), [&](Result got) {
            result = std::move(got);
            loop.stop();
        });
        EXPECT_FALSE(result) << "never inside the call";
        run();
        return *result;
    }
    /// Runs the loop until something stops it. A test that hangs is ended by this alarm.
    void run() {
        loop.run();
        loop.restart();
    }

    Loop loop{};
    Outbound outbound{loop, [this](const std::string& name, auto done) {
                          loop.post([name, done] {
                              if (name == "here") {
                                  done(std::vector{*config::parse_ip("127.0.0.3"), *config::parse_ip("127.0.0.1")});
                              } else {
                                  done(config::failure("no such host"));
                              }
                          });
                      }};
};

TEST_F(OutboundTest, fetches_a_whole_answer) {
    ScriptedServer server([](int, int, const std::string&) { return Reply{ok("hello", "X-Consul-Index: 7\r\n")}; });
    OutboundRequest request;
    request.target = "/v1/x?y=1";
    request.headers = {{"X-Consul-Token", "t"}};
    const auto result = fetch(server.address(), request);
    ASSERT_TRUE(result) << result.error().reason;
    EXPECT_EQ(result->status, 200);
    EXPECT_EQ(result->body, "hello");
    EXPECT_EQ(result->headers.at(0), (std::pair<std::string, std::string>{"x-consul-index", "7"}));
    const auto head = server.heads().at(0);
    EXPECT_TRUE(head.starts_with("GET /v1/x?y=1 HTTP/1.1\r\n")) << head;
    EXPECT_NE(head.find("X-Consul-Token: t\r\n"), std::string::npos);
    EXPECT_NE(head.find("Host: " + config::to_string(server.address()) + "\r\n"), std::string::npos);
}

TEST_F(OutboundTest, keeps_the_connection_for_the_next_request) {
    ScriptedServer server([](int, int, const std::string&) { return Reply{ok("x")}; });
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(fetch(server.address()));
    }
    EXPECT_EQ(server.connections(), 1);
    EXPECT_EQ(outbound.idle_connections(), 1U);
}

TEST_F(OutboundTest, a_kept_connection_that_died_is_replaced_without_a_word) {
    ScriptedServer server(
        [](int connection, int request, const std::string&) { return connection == 0 && request == 1 ? Reply{"", true} : Reply{ok("x")}; });
    ASSERT_TRUE(fetch(server.address()));
    const auto second = fetch(server.address());
    ASSERT_TRUE(second) << second.error().reason;
    EXPECT_EQ(server.connections(), 2);
}

TEST_F(OutboundTest, a_new_connection_that_dies_is_a_failure) {
    ScriptedServer server([](int, int, const std::string&) { return Reply{"", true}; });
    const auto result = fetch(server.address());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, Kind::closed);
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(OutboundTest, chunked_and_close_delimited_bodies) {
    ScriptedServer server([](int connection, int, const std::string&) {
        return connection == 0 ? Reply{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", true}
                               : Reply{"HTTP/1.0 200 OK\r\n\r\nuntil the end", true};
    });
    EXPECT_EQ(fetch(server.address())->body, "abcde");
    EXPECT_EQ(fetch(server.address())->body, "until the end");
}

TEST_F(OutboundTest, Case05_an_answer_cut_short_is_never_taken_for_whole) {
    const std::array<std::string, 3> cut{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
                                         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
                                         "HTTP/1.1 200 OK\r\nContent-Le"};
    ScriptedServer server(
        [&cut](int connection, int, const std::string&) { return Reply{cut.at(static_cast<std::size_t>(connection)), true}; });
    for (std::size_t i = 0; i < cut.size(); ++i) {
        const auto result = fetch(server.address());
        ASSERT_FALSE(result) << i;
        EXPECT_EQ(result.error().kind, Kind::closed);
    }
}

TEST_F(OutboundTest, Case25_gzip_is_decoded_and_bounded) {
    ScriptedServer server([](int, int, const std::string& head) {
        const std::string packed = gzip(std::string(100'000, 'x'));
        const bool half = head.starts_with("GET /half");
        return Reply{ok(half ? packed.substr(0, packed.size() / 2) : packed, "Content-Encoding: gzip\r\n")};
    });
    OutboundRequest request;
    request.gzip = true;
    EXPECT_EQ(fetch(server.address(), request)->body, std::string(100'000, 'x'));
    EXPECT_NE(server.heads().at(0).find("Accept-Encoding: gzip\r\n"), std::string::npos);
    request.max_body_bytes = 50'000;
    EXPECT_FALSE(fetch(server.address(), request)) << "a bomb is cut";
    request.max_body_bytes = 1'000'000;
    request.target = "/half";
    EXPECT_FALSE(fetch(server.address(), request)) << "half a stream is no body";
}

TEST_F(OutboundTest, too_long_a_body_is_refused) {
    ScriptedServer server([](int, int, const std::string&) { return Reply{ok(std::string(2000, 'x'))}; });
    OutboundRequest request;
    request.max_body_bytes = 1999;
    const auto result = fetch(server.address(), request);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, Kind::too_long);
}

TEST_F(OutboundTest, what_is_not_http_is_malformed) {
    ScriptedServer server([](int, int, const std::string&) { return Reply{"SSH-2.0-OpenSSH_9.2\r\n\r\n\r\n"}; });
    const auto result = fetch(server.address());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, Kind::malformed);
}

TEST_F(OutboundTest, silence_is_timed_out) {
    ScriptedServer server([](int, int, const std::string&) { return Reply{}; });
    OutboundRequest request;
    request.timeout = 50ms;
    const auto result = fetch(server.address(), request);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, Kind::timed_out);
}

TEST_F(OutboundTest, nobody_there_is_refused) {
    config::Address address;
    {
        const ScriptedServer gone([](int, int, const std::string&) { return Reply{}; });
        address = gone.address();
    }
    const auto result = fetch(address);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, Kind::refused);
    EXPECT_EQ(fetch({config::Address::Kind::unix_path, {}, "/nonexistent/x.sock", 0}).error().kind, Kind::refused);
}

TEST_F(OutboundTest, a_lack_of_descriptors_is_our_own) {
    ScriptedServer server([](int, int, const std::string&) { return Reply{ok("here")}; });
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{0, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    const auto starved = fetch(server.address());
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    ASSERT_FALSE(starved);
    EXPECT_EQ(starved.error().kind, Kind::starved);
    EXPECT_TRUE(fetch(server.address()));
}

TEST_F(OutboundTest, speaks_over_unix_sockets) {
    const std::string path = testing::TempDir() + "outbound." + std::to_string(::getpid()) + ".sock";
    ScriptedServer server([](int, int, const std::string&) { return Reply{ok("unix")}; }, path);
    const auto result = fetch(server.address());
    ASSERT_TRUE(result);
    EXPECT_EQ(result->body, "unix");
    EXPECT_EQ(fetch({config::Address::Kind::unix_path, {}, std::string(200, 'x'), 0}).error().kind, Kind::unreachable);
}

TEST_F(OutboundTest, names_are_resolved_and_each_address_is_tried) {
    ScriptedServer server([](int, int, const std::string&) { return Reply{ok("named")}; });
    const auto result = fetch({config::Address::Kind::name, {}, "here", server.address().port});
    ASSERT_TRUE(result) << result.error().reason;
    EXPECT_EQ(result->body, "named");
    EXPECT_EQ(fetch({config::Address::Kind::name, {}, "nowhere", 80}).error().kind, Kind::unresolved);
}

TEST_F(OutboundTest, a_line_break_in_a_header_never_leaves) {
    ScriptedServer server([](int, int, const std::string&) { return Reply{ok("x")}; });
    OutboundRequest request;
    request.headers = {{"X-Consul-Token", "t\r\nEvil: 1"}};
    EXPECT_FALSE(fetch(server.address(), request));
    EXPECT_TRUE(server.heads().empty());
}

TEST_F(OutboundTest, bytes_after_an_answer_end_the_connection) {
    ScriptedServer server([](int, int, const std::string&) { return Reply{ok("x") + "HTTP/1.1 200 OK\r\n\r\n"}; });
    ASSERT_TRUE(fetch(server.address()));
    EXPECT_EQ(outbound.idle_connections(), 0U);
}

TEST_F(OutboundTest, a_stream_is_told_piece_by_piece_until_it_ends) {
    ScriptedServer server([](int, int, const std::string&) {
        return Reply{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"a\"\r\n2\r\n}\n\r\n0\r\n\r\n"};
    });
    int status = 0;
    std::string bytes, end = "not yet";
    outbound.open(Place{server.address(), {}}, {},
                  {[&](int code, const discovery::HeaderList&) { status = code; }, [&](std::string_view piece) { bytes += piece; },
                   [&](std::string reason) {
                       end = std::move(reason);
                       loop.stop();
                   }});
    run();
    EXPECT_EQ(status, 200);
    EXPECT_EQ(bytes, "{\"a\"}\n");
    EXPECT_EQ(end, "");
}

TEST_F(OutboundTest, a_stream_may_be_silent_but_a_cut_one_says_so) {
    ScriptedServer server(
        [](int, int, const std::string&) { return Reply{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", true}; });
    std::string end;
    outbound.open(Place{server.address(), {}}, {},
                  {[](int, const discovery::HeaderList&) {}, [](std::string_view) {},
                   [&](std::string reason) {
                       end = std::move(reason);
                       loop.stop();
                   }});
    run();
    EXPECT_NE(end, "");
}

TEST_F(OutboundTest, after_cancel_nothing_is_heard) {
    ScriptedServer server([](int, int, const std::string&) { return Reply{ok("x")}; });
    bool heard = false;
    const auto id = outbound.fetch(Place{server.address(), {}}, {}, [&](const Result&) { heard = true; });
    outbound.cancel(id);
    outbound.cancel(id);
    ASSERT_TRUE(fetch(server.address()));
    EXPECT_FALSE(heard);
}

TEST_F(OutboundTest, the_head_alone_when_the_body_does_not_matter) {
    ScriptedServer server([](int connection, int, const std::string&) {
        return connection == 0 ? Reply{ok("short")} : Reply{"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbegun"};
    });
    OutboundRequest request;
    request.body_matters = false;
    request.timeout = 5s;
    EXPECT_EQ(fetch(server.address(), request)->status, 200);
    EXPECT_EQ(outbound.idle_connections(), 1U) << "it all came with the head: the connection is as good as new";
    request.fresh = true;
    EXPECT_EQ(fetch(server.address(), request)->status, 200) << "and nobody waits for the rest";
}

TEST_F(OutboundTest, touch_is_content_with_silence_and_not_with_a_hang_up) {
    const auto touch = [this](const config::Address& address) {
        std::optional<tl::expected<void, OutboundFailure>> result;
        outbound.touch(Place{address, {}}, 1s, 20ms, [&](auto got) {
            result = std::move(got);
            loop.stop();
        });
        run();
        return *result;
    };
    ScriptedServer server([](int, int, const std::string&) { return Reply{}; });
    EXPECT_TRUE(touch(server.address()));

    // As docker-proxy does for a container that does not listen: accepts, then hangs up.
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    (void)::bind(listener, reinterpret_cast<sockaddr*>(&here), size);
    (void)::getsockname(listener, reinterpret_cast<sockaddr*>(&here), &size);
    (void)::listen(listener, 1);
    std::thread hang_up([listener] { ::close(::accept(listener, nullptr, nullptr)); });
    const auto result = touch(*config::make_address("127.0.0.1", ntohs(here.sin_port)));
    hang_up.join();
    ::close(listener);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, Kind::closed);
}

}  // namespace
}  // namespace cardea::control
