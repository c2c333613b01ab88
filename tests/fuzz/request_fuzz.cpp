// Client bytes to upstream bytes. The first byte chooses how the input is cut. What is accepted goes out as exactly one
// request whose boundaries any reader agrees on, careless ones too, and parses to the same request again; what is refused
// stays here. A second reading of what came in, by the letter, finds the same request in it.
#include "proxy/http1/parser.hpp"
#include "proxy/http1/serializer.hpp"
#include "tests/fuzz/loose_readers.hpp"
#include "tests/fuzz/reference_request.hpp"

#include <array>
#include <memory>

namespace {

using namespace cardea;
using fuzz::require;
using Kind = http::Framing::Kind;

std::size_t head_end_in_steps(std::string_view bytes, std::size_t step) {
    std::size_t scanned = 0;
    for (std::size_t size = step; size < bytes.size(); size += step) {
        if (const auto end = http1::find_head_end(bytes.substr(0, size), scanned); end != 0) {
            return end;
        }
    }
    return http1::find_head_end(bytes, scanned);
}

/// Reads the body in pieces of `step` bytes and writes it as it would go upstream. False when it is malformed or cut short.
bool forward_body(const http::Framing& framing, std::string_view bytes, std::size_t step, std::string& out, std::string& data) {
    http1::BodyReader reader{framing};
    while (!reader.done()) {
        if (bytes.empty()) {
            return false;
        }
        const auto piece = reader.read(bytes.substr(0, step));
        require(piece.consumed > 0 || piece.state != http1::BodyReader::State::more, "a read makes progress");
        if (piece.state == http1::BodyReader::State::failed) {
            return false;
        }
        bytes.remove_prefix(piece.consumed);
        data += piece.data;
        std::array<char, 20> room{};
        if (framing.kind == Kind::chunked && !piece.data.empty()) {
            out += http1::chunk_header(piece.data.size(), room);
            out += piece.data;
            out += http1::chunk_end;
        } else {
            out += piece.data;
        }
    }
    if (framing.kind == Kind::chunked) {
        out += "0\r\n";
        out += reader.trailers();
        out += "\r\n";
    }
    return true;
}

void check_reading(const http::RequestHead& head, const std::string& sent, const std::string& data) {
    const auto message = fuzz::read_message(sent);
    require(message.start_line.ends_with(" HTTP/1.1"), "our own version");
    require(fuzz::values(message, "host").size() == 1, "one Host");
    const auto lengths = fuzz::values(message, "content-length");
    const auto codings = fuzz::values(message, "transfer-encoding");
    if (head.framing.kind == Kind::chunked) {
        require(lengths.empty() && codings.size() == 1 && codings[0] == "chunked", "chunked and nothing else");
        std::string_view rest;
        require(fuzz::read_chunks(message.rest, rest) == data && rest.empty(), "the body is the body and ends the request");
    } else {
        require(codings.empty() && lengths.size() == (head.framing.kind == Kind::length ? 1U : 0U), "one length or none");
        require(lengths.empty() || lengths[0] == std::to_string(data.size()), "the length of the body");
        require(message.rest == data, "the body ends the request");
    }
    for (const auto* name : {"x-forwarded-for", "x-real-ip", "x-forwarded-proto", "x-forwarded-port", "x-request-id"}) {
        require(fuzz::values(message, name).size() == 1, "forwarding fields are said once");
    }
    for (const auto* name : {"keep-alive", "te", "proxy-connection", "http2-settings", "proxy", "forwarded", "x-forwarded-evil"}) {
        require(fuzz::values(message, name).empty(), "fields that stay here");
    }
    require(fuzz::values(message, "connection").size() == (head.upgrade ? 1U : 0U), "no Connection but for an upgrade");
}

void check_against_reference(const http::RequestHead& head, std::string_view head_bytes) {
    const auto reference = fuzz::read_request(head_bytes);
    require(reference.has_value(), "what is accepted is one request by the letter");
    require(reference->method == head.method_text && reference->target == head.target, "the same request line");
    require((reference->version == "HTTP/1.1") == (head.version == http::Version::http11), "the same version");
    require(reference->chunked == (head.framing.kind == Kind::chunked), "the same coding");
    require(reference->length.has_value() == (head.framing.kind == Kind::length), "a length is a length");
    require(!reference->length || *reference->length == head.framing.length, "the same length");
    std::size_t count = 0;
    for (const auto& field : head.fields.all()) {
        require(count < reference->fields.size() && reference->fields[count].first == field.name &&
                    reference->fields[count].second == field.value,
                "the same fields in the same order");
        ++count;
    }
    require(count == reference->fields.size(), "no field is lost");
}

void check_second_parse(const http::RequestHead& head, std::string_view sent) {
    std::size_t scanned = 0;
    const auto end = http1::find_head_end(sent, scanned);
    const auto again = std::make_unique<http::RequestHead>();
    const auto reason = http1::parse_request(sent.substr(0, end), {.max_head_bytes = 1U << 20U, .max_fields = 256}, *again);
    require(reason == http::Reason::none, "what is sent is accepted");
    require(again->method_text == head.method_text && again->path == head.path && again->query == head.query &&
                again->has_query == head.has_query,
            "the same method and target");
    require(head.authority.empty() || again->authority == head.authority, "the same authority");
    require(again->framing.kind == head.framing.kind && again->framing.length == head.framing.length, "the same framing");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::size_t step = 1 + bytes[0] % 32U;
    const std::string input(reinterpret_cast<const char*>(bytes) + 1, size - 1);
    std::size_t scanned = 0;
    const auto end = http1::find_head_end(input, scanned);
    require(end == head_end_in_steps(input, step), "the same end however it arrives");
    if (end == 0) {
        return 0;
    }
    const auto head = std::make_unique<http::RequestHead>();
    const std::string head_bytes = input.substr(0, end);
    if (http1::parse_request(head_bytes, {}, *head) != http::Reason::none) {
        return 0;
    }
    check_against_reference(*head, head_bytes);
    const http::Peer peer{.address_text = "192.0.2.9", .local_port = 8000};
    const config::Headers policy;
    http::Forwarded forwarded;
    http::fill_forwarded(*head, peer, {}, policy, size, forwarded);
    std::string block(head_bytes.size() * 2 + http1::request_growth, '\0');
    http1::Out out{block};
    http1::write_request(*head, forwarded, {}, head->authority.empty() ? "origin" : "", out);
    require(!out.overflowed(), "a rewritten head has room");
    std::string sent{out.text()};
    std::string data;
    if (!forward_body(head->framing, std::string_view{input}.substr(end), step, sent, data)) {
        return 0;  // cut short: the upstream connection is dropped in the middle of the request
    }
    check_reading(*head, sent, data);
    check_second_parse(*head, sent);
    fuzz::require_one_end(sent);
    return 0;
}
