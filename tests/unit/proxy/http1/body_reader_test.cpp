#include "proxy/http1/body_reader.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cstdio>
#include <string>
#include <tuple>
#include <vector>

namespace cardea::http1 {
namespace {

using http::Framing;
using State = BodyReader::State;

struct Body {
    std::string data{};
    std::string trailers{};
    State state{State::more};
    std::size_t consumed{0};
    friend bool operator==(const Body&, const Body&) = default;
};

void feed(BodyReader& reader, std::string_view piece, Body& out) {
    while (!piece.empty() && out.state == State::more) {
        const auto step = reader.read(piece);
        EXPECT_TRUE(step.consumed > 0 || step.state != State::more);
        out.data += step.data;
        out.state = step.state;
        out.consumed += step.consumed;
        piece.remove_prefix(step.consumed);
    }
    out.trailers = reader.trailers();
}

Body read_in(const std::vector<std::string>& pieces) {
    BodyReader reader{{Framing::Kind::chunked, 0}};
    Body out;
    for (const auto& piece : pieces) {
        // A copy of its own for each piece, so that a sanitizer sees a look beyond it.
        const std::vector<char> exact{piece.begin(), piece.end()};
        feed(reader, {exact.data(), exact.size()}, out);
    }
    return out;
}

Body read_all(const std::string& bytes) {
    return read_in({bytes});
}

Body read_bytewise(const std::string& bytes) {
    std::vector<std::string> pieces;
    for (const char c : bytes) {
        pieces.emplace_back(1, c);
    }
    return read_in(pieces);
}

TEST(BodyReader, a_length_is_counted_down) {
    BodyReader reader{{Framing::Kind::length, 5}};
    EXPECT_EQ(reader.remaining(), 5U);
    auto step = reader.read("hel");
    EXPECT_EQ(step.data, "hel");
    EXPECT_EQ(step.state, State::more);
    EXPECT_EQ(reader.remaining(), 2U);
    step = reader.read("loGET /");
    EXPECT_EQ(step.data, "lo");
    EXPECT_EQ(step.consumed, 2U);
    EXPECT_EQ(step.state, State::done);
    EXPECT_TRUE(reader.done());
    step = reader.read("GET /");
    EXPECT_EQ(step.consumed, 0U);
    EXPECT_EQ(step.state, State::done);
}

TEST(BodyReader, nothing_is_read_where_there_is_no_body) {
    EXPECT_TRUE(BodyReader{}.done());
    EXPECT_TRUE(BodyReader{Framing{}}.done());
    BodyReader empty{{Framing::Kind::length, 0}};
    EXPECT_TRUE(empty.done());
    EXPECT_EQ(empty.read("x").consumed, 0U);
    EXPECT_EQ(empty.on_eof(), State::done);
}

TEST(BodyReader, an_end_of_stream_is_an_end_only_where_it_was_promised) {
    BodyReader until_close{{Framing::Kind::until_close, 0}};
    EXPECT_EQ(until_close.read("abc").data, "abc");
    EXPECT_EQ(until_close.on_eof(), State::done);
    BodyReader length{{Framing::Kind::length, 5}};
    (void)length.read("abc");
    EXPECT_EQ(length.on_eof(), State::failed);
    BodyReader chunked{{Framing::Kind::chunked, 0}};
    (void)chunked.read("3\r\nabc\r\n0\r\n");
    EXPECT_EQ(chunked.on_eof(), State::failed);
    EXPECT_EQ(chunked.read("\r\n").state, State::failed);
}

TEST(BodyReader, one_read_takes_a_whole_small_body) {
    BodyReader reader{{Framing::Kind::chunked, 0}};
    const auto step = reader.read("5\r\nhello\r\n0\r\n\r\nGET");
    EXPECT_EQ(step.data, "hello");
    EXPECT_EQ(step.consumed, 15U);
    EXPECT_EQ(step.state, State::done);
}

TEST(BodyReader, takes_well_formed_chunks) {
    struct Good {
        std::string bytes, data, trailers;
    };
    for (const auto& good : std::vector<Good>{
             {"0\r\n\r\n", "", ""},
             {"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", "abc", ""},
             {"A\r\n0123456789\r\n0\r\n\r\n", "0123456789", ""},
             {"a\r\n0123456789\r\n000\r\n\r\n", "0123456789", ""},
             {"0000000000000003\r\nabc\r\n0\r\n\r\n", "abc", ""},
             {"3;a=b\r\nabc\r\n0;last\r\n\r\n", "abc", ""},
             {"3 \t;a=\"b c\"\r\nabc\r\n0\r\n\r\n", "abc", ""},
             {"3;a;b=c ; d\t=\t\"e;\\\"\xe4 \" ;g=\"\";h\r\nabc\r\n0 ;i\r\n\r\n", "abc", ""},
             {"4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n", ""},
             {"0\r\nX-Sum: 1\r\n\r\n", "", "X-Sum: 1\r\n"},
             {"0\r\nX-Sum: 1\r\nX: \r\n\r\n", "", "X-Sum: 1\r\nX: \r\n"},
             {"0\r\nHost: h\r\nX-Sum: 1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n", "",
              "X-Sum: 1\r\n"},
             {"0\r\nX-Forwarded-For: 1\r\nx_forwarded_for: 1\r\nForwarded: x\r\nProxy: x\r\nX-Real-IP: 1\r\n\r\n", "", ""},
             {"0\r\nAuthorization: x\r\nCookie: a\r\nSet-Cookie: a\r\nContent-Type: a\r\nCache-Control: a\r\nA: b\r\n\r\n", "", "A: b\r\n"},
         }) {
        const Body expected{good.data, good.trailers, State::done, good.bytes.size()};
        EXPECT_EQ(read_all(good.bytes), expected) << testing::PrintToString(good.bytes);
        EXPECT_EQ(read_bytewise(good.bytes), expected) << testing::PrintToString(good.bytes);
        EXPECT_EQ(read_all(good.bytes + "GET /"), expected) << testing::PrintToString(good.bytes);
    }
}

TEST(BodyReader, refuses_malformed_chunks) {
    for (const std::string& bytes : std::vector<std::string>{"\r\n",
                                                             "\n",
                                                             ";a\r\n",
                                                             "g\r\n",
                                                             "3;\r\nabc\r\n",
                                                             "3;;a\r\nabc\r\n",
                                                             "3;a=\r\nabc\r\n",
                                                             "3;=b\r\nabc\r\n",
                                                             "3;a=\"b\r\nabc\r\n",
                                                             "3;a=\"b\\\r\nabc\r\n",
                                                             "3;a=\"b\"c\r\nabc\r\n",
                                                             "3;a \r\nabc\r\n",
                                                             "3;a b\r\nabc\r\n",
                                                             "3;a=b \r\nabc\r\n",
                                                             "3;a=b c\r\nabc\r\n",
                                                             "3;a/b\r\nabc\r\n",
                                                             "0x3\r\nabc\r\n",
                                                             "+3\r\nabc\r\n",
                                                             "-3\r\nabc\r\n",
                                                             " 3\r\nabc\r\n",
                                                             "3 \r\nabc\r\n",
                                                             "3\t\r\nabc\r\n",
                                                             "3 4\r\nabc\r\n",
                                                             "3_0\r\n",
                                                             "3.\r\n",
                                                             "3\nabc\r\n",
                                                             "3\rabc\r\n",
                                                             "3\r\r\nabc",
                                                             "3;a\nabc\r\n",
                                                             "3;a\rabc\r\n",
                                                             "3;a\r\r\n",
                                                             "3;\x01\r\nabc\r\n",
                                                             std::string("3;\0\r\n", 5),
                                                             std::string("3\0\r\n", 4),
                                                             "3;a\x7f\r\n",
                                                             "3\r\nabcd\r\n",
                                                             "3\r\nab\r\n0\r\n\r\n",
                                                             "3\r\nabc\n0\r\n\r\n",
                                                             "3\r\nabc\r0\r\n\r\n",
                                                             "3\r\nabc0\r\n\r\n",
                                                             "3\r\nabc\r\n\r\n",
                                                             "00000000000000003\r\n",
                                                             "10000000000000000\r\n",
                                                             "FFFFFFFFFFFFFFFF\r\n",
                                                             "8000000000000000\r\n",
                                                             "3,3\r\nabc\r\n",
                                                             "0\r\n \r\n",
                                                             "0\r\nA\r\n\r\n",
                                                             "0\r\nA : b\r\n\r\n",
                                                             "0\r\n: b\r\n\r\n",
                                                             "0\r\nA: b\r\n c\r\n\r\n",
                                                             "0\r\nA: b\n\r\n",
                                                             "0\r\nA: b\rB: c\r\n\r\n",
                                                             "0\r\nA: \x01\r\n\r\n",
                                                             "0\r\n\n",
                                                             "0\r\n\r\r",
                                                             "0\r\n\rA: b\r\n\r\n",
                                                             "0\r\nA: b\r\n\n",
                                                             "0\r\nGET / HTTP/1.1\r\n\r\n",
                                                             "0\n\n"}) {
        EXPECT_EQ(read_all(bytes).state, State::failed) << testing::PrintToString(bytes);
        EXPECT_EQ(read_bytewise(bytes).state, State::failed) << testing::PrintToString(bytes);
    }
}

TEST(BodyReader, what_follows_a_fault_is_not_read) {
    BodyReader reader{{Framing::Kind::chunked, 0}};
    EXPECT_EQ(reader.read("x").state, State::failed);
    const auto step = reader.read("3\r\nabc\r\n");
    EXPECT_EQ(step.consumed, 0U);
    EXPECT_EQ(step.data, "");
    EXPECT_EQ(step.state, State::failed);
    EXPECT_EQ(reader.on_eof(), State::failed);
}

TEST(BodyReader, extensions_are_bounded) {
    const auto chunk = [](std::size_t size) { return "1;" + std::string(size, 'x') + "\r\na\r\n"; };
    EXPECT_EQ(read_all(chunk(256) + "0\r\n\r\n").data, "a");
    EXPECT_EQ(read_all(chunk(257)).state, State::failed);
    std::string many;
    for (int i = 0; i < 64; ++i) {
        many += chunk(256);
    }
    EXPECT_EQ(read_all(many + "0\r\n\r\n").state, State::done);
    EXPECT_EQ(read_all(many + chunk(1)).state, State::failed);
    BodyReader reader{{Framing::Kind::chunked, 0}};
    (void)reader.read(chunk(257));
    EXPECT_TRUE(reader.overextended());
    EXPECT_FALSE(reader.oversized());
}

TEST(BodyReader, trailers_are_bounded) {
    std::string fields;
    for (int i = 0; i < 32; ++i) {
        fields += "A: b\r\n";
    }
    EXPECT_EQ(read_all("0\r\n" + fields + "\r\n").trailers, fields);
    EXPECT_EQ(read_all("0\r\n" + fields + "A: b\r\n").state, State::failed);
    const auto line = [](std::size_t size) { return "A: " + std::string(size - 5, 'x') + "\r\n"; };
    EXPECT_EQ(read_all("0\r\n" + line(8192) + "\r\n").trailers, line(8192));
    EXPECT_EQ(read_all("0\r\n" + line(8193)).state, State::failed);
    EXPECT_EQ(read_all("0\r\nHost: " + std::string(8000, 'x') + "\r\n" + line(300)).state, State::failed);  // dropped ones count
}

TEST(BodyReader, its_limits_are_those_it_is_given) {
    const config::ChunkedLimits limits{
        .max_trailers = {.count = 10}, .max_trailer_count = 2, .max_extension = {.count = 4}, .max_extensions = {.count = 6}};
    const auto last = [&](std::string_view text) {
        BodyReader reader({Framing::Kind::chunked, 0}, limits);
        Body body;
        feed(reader, text, body);
        return std::tuple(body.state, reader.oversized(), reader.overextended());
    };
    EXPECT_EQ(last("0\r\nA:b\r\nC:d\r\n\r\n"), std::tuple(State::done, false, false));
    EXPECT_EQ(last("0\r\nA:b\r\nC:de\r\n\r\n"), std::tuple(State::failed, true, false));
    EXPECT_EQ(last("1;abcd\r\nx\r\n0\r\n\r\n"), std::tuple(State::done, false, false));
    EXPECT_EQ(last("1;abcde\r\nx\r\n0\r\n\r\n"), std::tuple(State::failed, false, true));
    EXPECT_EQ(last("1;abc\r\nx\r\n1;abc\r\nx\r\n0\r\n\r\n"), std::tuple(State::done, false, false));
    EXPECT_EQ(last("1;abcd\r\nx\r\n1;abc\r\nx\r\n0\r\n\r\n"), std::tuple(State::failed, false, true));
}

RC_GTEST_PROP(BodyReaderProperty, any_split_gives_the_same_body, ()) {
    const auto chunks =
        *rc::gen::container<std::vector<std::string>>(rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::arbitrary<char>())));
    std::string bytes;
    std::string data;
    for (const auto& chunk : chunks) {
        std::array<char, 20> size{};
        bytes += std::string(size.data(), static_cast<std::size_t>(std::snprintf(size.data(), size.size(), "%zx", chunk.size())));
        bytes += *rc::gen::element<std::string>("", ";x", ";a=\"b\"", "\t;q") + "\r\n" + chunk + "\r\n";
        data += chunk;
    }
    const auto trailers = *rc::gen::element<std::string>("", "A: b\r\n", "A: b\r\nC-D: e\r\n");
    bytes += "0\r\n" + trailers + "\r\n";
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at < bytes.size();) {
        const auto size = *rc::gen::inRange<std::size_t>(1, bytes.size() - at + 1);
        pieces.push_back(bytes.substr(at, size));
        at += size;
    }
    RC_ASSERT((read_in(pieces) == Body{data, trailers, State::done, bytes.size()}));
}

RC_GTEST_PROP(BodyReaderProperty, any_bytes_read_alike_whole_and_one_by_one, ()) {
    const auto bytes = *rc::gen::container<std::string>(rc::gen::elementOf(std::string{"0123aF;\r\n\r\n \tx:A\x01"}));
    RC_ASSERT(read_all(bytes) == read_bytewise(bytes));
}

}  // namespace
}  // namespace cardea::http1
