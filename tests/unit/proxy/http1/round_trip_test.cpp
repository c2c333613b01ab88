// What the endpoint reads is the request that the client sent: write_request(parse(x)) parses to x again, whatever x was.
#include "proxy/http/hop_by_hop.hpp"
#include "proxy/http1/parser.hpp"
#include "proxy/http1/serializer.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace cardea::http1 {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

rc::Gen<std::string> text_of(const std::string& alphabet) {
    return rc::gen::container<std::string>(rc::gen::elementOf(alphabet));
}

std::string generate_field() {
    const auto name = *rc::gen::weightedOneOf<std::string>(
        {{3, rc::gen::map(text_of("abcXYZ-_09!~"), [](const std::string& rest) { return "Q" + rest; })},
         {2, rc::gen::element<std::string>("Accept", "Connection", "X-Forwarded-For", "x_real_ip", "Via", "TE", "Upgrade", "Cookie",
                                           "Expect", "Max-Forwards")}});
    const auto value = name == "Expect" ? std::string{"100-continue"} : *text_of("abc ,;=\"\t\x80/:");
    return name + *rc::gen::element<std::string>(":", ": ", ":  ", ":\t") + value + *rc::gen::element<std::string>("", " ", "\t") + "\r\n";
}

std::string generate_request() {
    std::string out = *rc::gen::element<std::string>("GET", "POST", "HEAD", "OPTIONS", "BREW", "a!b") + " ";
    out += *rc::gen::element<std::string>("/", "http://h.example/", "http://h.example:1/") + *text_of("abc/;=%25&") +
           *rc::gen::element<std::string>("", "?", "?a=b?/..");
    out += *rc::gen::element<std::string>(" HTTP/1.1\r\nHost: a.example\r\n", " HTTP/1.0\r\nhost:\ta.example\r\n");
    const auto count = *rc::gen::inRange(0, 20);
    for (int i = 0; i < count; ++i) {
        out += generate_field();
    }
    return out + *rc::gen::element<std::string>("", "Content-Length: 12\r\n", "Transfer-Encoding: chunked\r\n") + "\r\n";
}

/// What must not change on the way.
Pairs lasting(const http::RequestHead& head, bool received) {
    Pairs out;
    for (const auto& field : head.fields.all()) {
        const bool named = received && head.connection_names_fields && http::named_by_connection(head.fields, field);
        if (field.id == http::FieldId::other && !named) {
            out.emplace_back(field.name, field.value);
        }
    }
    return out;
}

RC_GTEST_PROP(RoundTrip, the_endpoint_reads_the_request_that_was_sent, ()) {
    const auto bytes = generate_request();
    http::RequestHead sent;
    RC_PRE(parse_request(bytes, {}, sent) == http::Reason::none);
    const http::Peer peer{.local_port = 8000, .address_text = "192.0.2.9"};
    const config::Headers policy;
    http::Forwarded forwarded;
    http::fill_forwarded(sent, peer, {}, policy, 1, forwarded);
    std::vector<char> block(bytes.size() + request_growth);
    Out out{block};
    write_request(sent, forwarded, {}, "", out);
    RC_ASSERT(!out.overflowed());

    std::size_t scanned = 0;
    RC_ASSERT(find_head_end(out.text(), scanned) == out.text().size());
    http::RequestHead got;
    RC_ASSERT(parse_request(out.text(), {}, got) == http::Reason::none);
    RC_ASSERT(got.version == http::Version::http11);
    RC_ASSERT(got.method_text == sent.method_text);
    RC_ASSERT(got.path == sent.path);
    RC_ASSERT(got.query == sent.query);
    RC_ASSERT(got.has_query == sent.has_query);
    RC_ASSERT(got.authority == sent.authority);
    RC_ASSERT(got.framing.kind == sent.framing.kind);
    RC_ASSERT(got.framing.length == sent.framing.length);
    RC_ASSERT(got.expect_continue == sent.expect_continue);
    RC_ASSERT(got.upgrade == sent.upgrade);
    RC_ASSERT(!got.connection_names_fields);
    RC_ASSERT(lasting(got, false) == lasting(sent, true));
    RC_ASSERT(got.fields.value(http::FieldId::x_forwarded_for) == "192.0.2.9");
}

}  // namespace
}  // namespace cardea::http1
