// Upstream bytes to client bytes. The first byte chooses method, client version and cut. A complete answer comes out as one
// complete answer; a malformed or cut one never looks complete; what follows it is not taken for a part of it.
#include "proxy/http1/parser.hpp"
#include "proxy/http1/serializer.hpp"
#include "tests/fuzz/loose_readers.hpp"

#include <algorithm>
#include <array>
#include <memory>

namespace {

using namespace cardea;
using fuzz::require;
using Kind = http::Framing::Kind;

void check_reading(const http::ResponseHead& head, const http::Framing& framing, const http1::ResponseContext& context,
                   const std::string& sent, const std::string& data) {
    const auto message = fuzz::read_message(sent);
    require(message.start_line.starts_with("HTTP/1.1 " + std::to_string(head.status) + " "), "our version, their status");
    const auto lengths = fuzz::values(message, "content-length");
    const auto codings = fuzz::values(message, "transfer-encoding");
    require(lengths.size() + codings.size() <= 1, "framed in one way");
    switch (framing.kind) {
        case Kind::chunked: {
            require(codings.size() == 1 && codings[0] == "chunked" && context.client_version == http::Version::http11,
                    "chunked for those who know it");
            std::string_view rest;
            require(fuzz::read_chunks(message.rest, rest) == data && rest.empty(), "the body is the body");
            break;
        }
        case Kind::length:
            require(lengths.size() == 1 && lengths[0] == std::to_string(data.size()) && message.rest == data, "as long as it says");
            break;
        case Kind::until_close:
            require(lengths.empty() && codings.empty() && message.rest == data, "ended by close");
            require(fuzz::values(message, "connection") == std::vector<std::string>{"close"}, "and the client is told");
            break;
        case Kind::none:
            require(codings.empty() && message.rest.empty() && data.empty(), "no body");
            require(lengths.empty() || context.method == http::Method::head || head.status == 304,
                    "a length only where it speaks of another answer");
            break;
    }
    require(fuzz::values(message, "keep-alive").empty() && fuzz::values(message, "proxy-connection").empty(), "fields that stay here");
}

/// A head that is read in one go is read as when its end is looked for first.
void check_in_one_go(const std::string& input, http::Method method) {
    const auto quick = std::make_unique<http::ResponseHead>();
    const auto size = http1::parse_plain_response(input, method, 200, *quick);
    if (size == 0) {
        return;
    }
    std::size_t scanned = 0;
    require(http1::find_head_end(input, scanned) == size, "it ends where it ends");
    const auto head = std::make_unique<http::ResponseHead>();
    require(http1::parse_response(std::string_view(input).substr(0, size), method, 200, *head) == http::Reason::none, "and is good");
    require(quick->status == head->status && quick->reason == head->reason && quick->version == head->version, "the same status line");
    require(quick->framing.kind == head->framing.kind && quick->framing.length == head->framing.length, "the same body");
    require(quick->keep_alive == head->keep_alive && quick->connection_names_fields == head->connection_names_fields,
            "the same Connection");
    const auto same = [](const http::Field& a, const http::Field& b) { return a.id == b.id && a.name == b.name && a.value == b.value; };
    require(std::ranges::equal(quick->fields.all(), head->fields.all(), same), "the same fields");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    http1::ResponseContext context{.via = "cardea", .date = "Sun, 06 Nov 1994 08:49:37 GMT"};
    context.method = (bytes[0] & 1U) != 0 ? http::Method::head : http::Method::get;
    context.client_version = (bytes[0] & 2U) != 0 ? http::Version::http10 : http::Version::http11;
    const std::size_t step = 1 + bytes[0] / 4U;
    const std::string input(reinterpret_cast<const char*>(bytes) + 1, size - 1);
    check_in_one_go(input, context.method);
    std::size_t scanned = 0;
    const auto end = http1::find_head_end(input, scanned);
    const auto head = std::make_unique<http::ResponseHead>();
    const std::string head_bytes = input.substr(0, end);
    if (end == 0 || http1::parse_response(head_bytes, context.method, 200, *head) != http::Reason::none || head->status == 101) {
        return 0;
    }
    std::string block(head_bytes.size() * 2 + http1::request_growth, '\0');
    http1::Out out{block};
    http1::write_response(*head, {}, context, out);
    require(!out.overflowed(), "a rewritten head has room");
    const auto framing = http1::downstream_framing(*head, context);

    std::string sent{out.text()};
    std::string data;
    http1::BodyReader reader{head->framing};
    std::string_view rest = std::string_view{input}.substr(end);
    while (!reader.done() && !rest.empty()) {
        const auto piece = reader.read(rest.substr(0, step));
        require(piece.consumed > 0 || piece.state != http1::BodyReader::State::more, "a read makes progress");
        if (piece.state == http1::BodyReader::State::failed) {
            return 0;
        }
        rest.remove_prefix(piece.consumed);
        data += piece.data;
        std::array<char, 20> room{};
        const bool chunk = framing.kind == Kind::chunked && !piece.data.empty();
        sent +=
            chunk ? std::string{http1::chunk_header(piece.data.size(), room)} + std::string{piece.data} + "\r\n" : std::string{piece.data};
    }
    if (!reader.done() && reader.on_eof() != http1::BodyReader::State::done) {
        return 0;
    }
    if (framing.kind == Kind::chunked) {
        sent += "0\r\n" + std::string{reader.trailers()} + "\r\n";
    }
    check_reading(*head, framing, context, sent, data);
    if (framing.kind == Kind::chunked || framing.kind == Kind::length) {
        fuzz::require_one_end(sent);
    }
    return 0;
}
