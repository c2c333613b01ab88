// However the bytes of a message arrive, they mean the same; and what is written for the client parses to what was received.
#include "proxy/http1/body_reader.hpp"
#include "proxy/http1/parser.hpp"
#include "proxy/http1/serializer.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace cardea::http1 {
namespace {

/// Pieces that heads and chunked bodies are made of, good and bad, so that what is put together is often nearly right.
std::string put_together(const std::vector<std::string>& parts) {
    std::string out;
    for (const auto& part : *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(parts))) {
        out += part;
    }
    return out;
}

std::string some_head() {
    static const std::vector<std::string> parts{
        "GET / HTTP/1.1\r\n", "Host: h\r\n", "A: b\r\n", "\r\n", "\r", "\n", " ", "\t", "c", "\r\n\r\n", ":", "\r\r\n", "x: ",
        "HTTP/1.1 200 OK\r\n"};
    return *rc::gen::element<std::string>("", "\r\n", "GET / HTTP/1.1\r\nHost: h\r\n", "HTTP/1.1 200 OK\r\n") + put_together(parts);
}

std::string some_chunks() {
    static const std::vector<std::string> parts{"5\r\nhello\r\n",
                                                "3;a=b\r\nabc\r\n",
                                                "0\r\n",
                                                "\r\n",
                                                "1\r\nx\r\n",
                                                "0\r\n\r\n",
                                                "A: b\r\n",
                                                "Host: h\r\n",
                                                "\n",
                                                "\r",
                                                "0",
                                                ";",
                                                " ",
                                                "00c\r\n0\r\n\r\nGET / H\r\n"};
    return put_together(parts);
}

/// Where to cut; the lengths repeat until the bytes are used up.
std::vector<std::size_t> some_cuts() {
    return *rc::gen::nonEmpty(rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(1, 9)));
}

std::size_t head_end(std::string_view bytes, const std::vector<std::size_t>& cuts) {
    std::size_t scanned = 0;
    std::size_t size = 0;
    for (std::size_t i = 0; size < bytes.size(); ++i) {
        size = std::min(bytes.size(), size + cuts[i % cuts.size()]);
        if (const auto end = find_head_end(bytes.substr(0, size), scanned); end != 0) {
            return end;
        }
    }
    return 0;
}

RC_GTEST_PROP(Split, a_head_ends_where_it_ends, ()) {
    const auto bytes = some_head();
    std::size_t scanned = 0;
    const auto end = find_head_end(bytes, scanned);
    RC_ASSERT(head_end(bytes, some_cuts()) == end);
    RC_ASSERT(end <= bytes.size());
    if (end != 0) {  // whatever stands behind it means nothing to it
        scanned = 0;
        RC_ASSERT(find_head_end(bytes + some_head(), scanned) == end);
    }
}

struct Read {
    std::string data{}, trailers{};
    BodyReader::State state{BodyReader::State::more};
    std::size_t consumed{0};
    bool oversized{false};
    friend bool operator==(const Read&, const Read&) = default;
};

Read read(http::Framing framing, std::string_view bytes, const std::vector<std::size_t>& cuts) {
    BodyReader reader{framing};
    Read out{.state = reader.done() ? BodyReader::State::done : BodyReader::State::more};
    for (std::size_t i = 0; out.consumed < bytes.size() && out.state == BodyReader::State::more; ++i) {
        auto piece = bytes.substr(out.consumed, cuts[i % cuts.size()]);
        while (!piece.empty() && out.state == BodyReader::State::more) {
            const auto step = reader.read(piece);
            RC_ASSERT(step.consumed > 0U);
            out.data += step.data;
            out.state = step.state;
            out.consumed += step.consumed;
            piece.remove_prefix(step.consumed);
        }
    }
    out.trailers = reader.trailers();
    out.oversized = reader.oversized();
    return out;
}

RC_GTEST_PROP(Split, chunks_are_the_same_chunks, ()) {
    const auto bytes = some_chunks();
    const http::Framing framing{http::Framing::Kind::chunked};
    const auto whole = read(framing, bytes, {bytes.size() + 1});
    RC_ASSERT(read(framing, bytes, some_cuts()) == whole);
    RC_ASSERT(read(framing, bytes, {1}) == whole);
}

RC_GTEST_PROP(Split, a_body_of_a_length_is_as_long, ()) {
    const auto bytes = *rc::gen::string<std::string>();
    const auto length = *rc::gen::inRange<std::uint64_t>(0, 40);
    const auto got = read({http::Framing::Kind::length, length}, bytes, some_cuts());
    RC_ASSERT(got.data == bytes.substr(0, std::min<std::size_t>(length, bytes.size())));
}

RC_GTEST_PROP(RoundTrip, the_client_reads_the_answer_that_was_given, ()) {
    const auto status = *rc::gen::element<std::uint16_t>(200, 204, 206, 299, 304, 404, 426, 500, 599);
    const auto method = *rc::gen::element(http::Method::get, http::Method::head, http::Method::post);
    std::string bytes = *rc::gen::element<std::string>("HTTP/1.1 ", "HTTP/1.0 ") + std::to_string(status) +
                        *rc::gen::element<std::string>(" OK\r\n", "\r\n", " \r\n", " What ever\r\n");
    static const std::vector<std::string> fields{"Server: s\r\n", "Set-Cookie: a\r\n", "Connection: X-Hop, keep-alive\r\n",
                                                 "X-Hop: 1\r\n",  "Via: 1.1 a\r\n",    "Keep-Alive: timeout=5\r\n",
                                                 "X-End:2 \r\n",  "Date: then\r\n",    "Upgrade: foo\r\n"};
    bytes += put_together(fields) + *rc::gen::element<std::string>("", "Content-Length: 7\r\n", "Transfer-Encoding: chunked\r\n") + "\r\n";
    http::ResponseHead received;
    RC_PRE(parse_response(bytes, method, 200, received) == http::Reason::none);
    const auto version = *rc::gen::element(http::Version::http10, http::Version::http11);
    const ResponseContext context{.client_version = version, .method = method, .via = "cardea", .date = "now"};
    std::vector<char> block(2 * bytes.size() + request_growth);
    Out out{block};
    write_response(received, {}, context, out);
    RC_ASSERT(!out.overflowed());
    std::size_t scanned = 0;
    RC_ASSERT(find_head_end(out.text(), scanned) == out.text().size());
    http::ResponseHead sent;
    RC_ASSERT(parse_response(out.text(), method, 200, sent) == http::Reason::none);
    RC_ASSERT(sent.status == received.status);
    RC_ASSERT(sent.reason == received.reason);
    const auto framing = downstream_framing(received, context);
    RC_ASSERT(sent.framing.kind == framing.kind);
    RC_ASSERT(sent.framing.length == framing.length);
    RC_ASSERT(!sent.connection_names_fields);
    RC_ASSERT(sent.fields.has(http::FieldId::date) && !sent.fields.has(http::FieldId::keep_alive));
    const auto hops = std::ranges::count(sent.fields.all(), std::string_view{"X-Hop"}, &http::Field::name);
    RC_ASSERT(!received.connection_names_fields || hops == 0);
}

}  // namespace
}  // namespace cardea::http1
