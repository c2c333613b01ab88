// Heads read, written anew as the other side gets them, and chunked bodies taken apart.
#include "perf/micro/measure.hpp"
#include "perf/micro/rooms.hpp"
#include "proxy/http/forwarded.hpp"
#include "proxy/http1/body_reader.hpp"
#include "proxy/http1/parser.hpp"
#include "proxy/http1/serializer.hpp"

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::micro {
namespace {

constexpr std::string_view shortest_request = "GET / HTTP/1.1\r\nHost: front-door.example.com\r\n\r\n";
static_assert(shortest_request.size() == 48);

constexpr std::string_view browser_request =
    "GET /shop/articles/4711?colour=blue&page=2&q=shoe HTTP/1.1\r\n"
    "Host: www.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: zh-CN,zh;q=0.8,en-US;q=0.5,en;q=0.3\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Referer: https://www.example.com/shop/articles\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: session=4f1c9a7be2d8460f93b5c1; theme=dark; seen=4711.4712\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "\r\n";
static_assert(browser_request.size() == 560);

constexpr std::string_view shortest_response = "HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n";

constexpr std::string_view usual_response =
    "HTTP/1.1 200 OK\r\n"
    "Server: nginx/1.30.6\r\n"
    "Date: Sun, 22 Nov 2026 20:00:00 GMT\r\n"
    "Content-Type: text/html; charset=utf-8\r\n"
    "Content-Length: 1024\r\n"
    "Last-Modified: Sat, 21 Nov 2026 08:15:00 GMT\r\n"
    "Connection: keep-alive\r\n"
    "ETag: \"65cb4f1a-400\"\r\n"
    "Accept-Ranges: bytes\r\n"
    "\r\n";

std::string request_with_fields(int count) {
    std::string head = "GET / HTTP/1.1\r\nHost: www.example.com\r\n";
    for (int i = 1; i < count; ++i) {
        head += "X-Request-Field-" + std::to_string(i) + ": value " + std::to_string(i * 4711) + "\r\n";
    }
    return head + "\r\n";
}

std::string sized(const std::string& name, std::string_view text) {
    return name + "/" + std::to_string(text.size()) + "B";
}

void add_request(const std::string& kind, const std::string& text) {
    add(sized("request_head/find_end/" + kind, text), [text](benchmark::State& state) {
        measure(state, [&] {
            std::size_t scanned = 0;
            return http1::find_head_end(text, scanned);
        });
    });
    add(sized("request_head/parse/" + kind, text), [text](benchmark::State& state) {
        const auto head = std::make_unique<http::RequestHead>();
        if (http1::parse_request(text, {}, *head) != http::Reason::none) {
            state.SkipWithError("does not parse");
        }
        measure(state, [&] { return http1::parse_request(text, {}, *head); });
    });
    add(sized("request_head/rebuild/" + kind, text), [text](benchmark::State& state) {
        const auto head = std::make_unique<http::RequestHead>();
        (void)http1::parse_request(text, {}, *head);
        http::Peer peer;
        peer.address.bytes = {192, 0, 2, 1};
        peer.address_text = "192.0.2.1";
        peer.local_port = 8000;
        const config::Headers policy;
        const config::HeaderEdits edits;
        std::vector<char> block(text.size() + http1::request_growth);
        http::Forwarded forwarded;
        std::uint64_t seed = 4711;
        measure(state, [&] {
            http::fill_forwarded(*head, peer, {}, policy, ++seed, forwarded);
            http1::Out out(block);
            http1::write_request(*head, forwarded, edits, {}, out);
            return out.text().size();
        });
    });
}

void add_response(const std::string& kind, std::string_view text) {
    constexpr std::size_t max_fields = 200;
    add(sized("response_head/parse/" + kind, text), [text](benchmark::State& state) {
        const auto head = std::make_unique<http::ResponseHead>();
        if (http1::parse_response(text, http::Method::get, max_fields, *head) != http::Reason::none) {
            state.SkipWithError("does not parse");
        }
        measure(state, [&] { return http1::parse_response(text, http::Method::get, max_fields, *head); });
    });
    add(sized("response_head/rebuild/" + kind, text), [text](benchmark::State& state) {
        const auto head = std::make_unique<http::ResponseHead>();
        (void)http1::parse_response(text, http::Method::get, max_fields, *head);
        const config::HeaderEdits edits;
        const http1::ResponseContext context{.via = "cardea", .date = "Sun, 22 Nov 2026 20:00:00 GMT"};
        std::array<char, 2048> block{};
        measure(state, [&] {
            http1::Out out(block);
            http1::write_response(*head, edits, context, out);
            return out.text().size();
        });
    });
}

/// A whole body in chunks of one size, as it lies in the reader's buffer.
void add_chunked(std::size_t body_bytes, std::size_t chunk_bytes) {
    std::string body;
    std::array<char, 20> room{};
    for (std::size_t done = 0; done < body_bytes; done += chunk_bytes) {
        body += http1::chunk_header(chunk_bytes, room);
        body.append(chunk_bytes, 'x');
        body += http1::chunk_end;
    }
    body += http1::last_chunk;
    add("chunked_body/scan/" + std::to_string(body_bytes / 1024) + "KiB_in_chunks_of_" + std::to_string(chunk_bytes) + "B",
        [body](benchmark::State& state) {
            measure(state, [&] {
                http1::BodyReader reader({http::Framing::Kind::chunked, 0});
                std::string_view rest = body;
                std::size_t payload = 0;
                while (!rest.empty() && !reader.done()) {
                    const http1::BodyReader::Step step = reader.read(rest);
                    payload += step.data.size();
                    rest.remove_prefix(step.consumed);
                }
                return payload;
            });
            state.SetBytesProcessed(static_cast<std::int64_t>(body.size()) * state.iterations());
        });
}

}  // namespace

void add_http1() {
    add_request("shortest", std::string(shortest_request));
    add_request("browser", std::string(browser_request));
    add_request("40_fields", request_with_fields(40));
    add_response("shortest", shortest_response);
    add_response("usual", usual_response);
    constexpr std::size_t body_bytes = 65536;
    for (const std::size_t chunk_bytes : {16U, 1024U, 16384U}) {
        add_chunked(body_bytes, chunk_bytes);
    }
}

}  // namespace cardea::micro
