#include "proxy/http1/serializer.hpp"

#include "proxy/http/hop_by_hop.hpp"
#include "proxy/http/status.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace cardea::http1 {

namespace {

using http::FieldId;

constexpr std::string_view crlf = "\r\n";

void put_field(Out& out, std::string_view name, std::string_view value) {
    out.put(name);
    out.put_line(": ", value);
}

/// Neighbouring fields that go on as they came, gathered to be copied in one piece.
class Run {
public:
    explicit Run(Out& out) : out_(out) {}
    void add(const http::Field& field) {
        if (!field.canonical) {
            flush();
            put_field(out_, field.name, field.value);
            return;
        }
        if (field.name.data() != begin_ + size_ || size_ == 0) {
            flush();
            begin_ = field.name.data();
        }
        size_ = static_cast<std::size_t>(field.value.data() + field.value.size() + crlf.size() - begin_);
    }
    void flush() {
        out_.put({begin_, size_});
        begin_ = "";
        size_ = 0;
    }

private:
    Out& out_;
    const char* begin_{""};
    std::size_t size_{0};
};

bool editable(FieldId id) {
    return !http::is_hop_by_hop(id) && id != FieldId::host && id != FieldId::expect;
}

/// True when a route takes the received field away, or puts its own in its place.
bool edited(const config::HeaderEdits& edits, const http::Field& field) {
    const auto names_it = [&field](const std::string& name) { return http::equal_ignoring_case(name, field.name); };
    return editable(field.id) && (std::ranges::any_of(edits.remove, names_it) ||
                                  std::ranges::any_of(edits.set, [&names_it](const auto& pair) { return names_it(pair.first); }));
}

/// What a route says about fields; null when it says nothing, as most do.
using Edits = const config::HeaderEdits*;

Edits edits_of(const config::HeaderEdits& edits) {
    return edits.set.empty() && edits.remove.empty() ? nullptr : &edits;
}

/// True for a field the proxy writes itself, unless the route says something else about it.
inline bool ours(Edits edits, std::string_view label) {
    return edits == nullptr || !edited(*edits, http::Field{label.substr(0, label.size() - 2), {}});
}

inline void put_own(Out& out, Edits edits, std::string_view label, std::string_view value) {
    if (ours(edits, label)) {
        out.put_line(label, value);
    }
}

void put_set(Out& out, Edits edits) {
    if (edits == nullptr) {
        return;
    }
    for (const auto& [name, value] : edits->set) {
        if (editable(http::identify(name))) {
            put_field(out, name, value);
        }
    }
}

void put_via(Out& out, Edits edits, http::Version received, std::string_view pseudonym) {
    if (!pseudonym.empty() && ours(edits, "Via: ")) {
        out.put_line(received == http::Version::http11 ? "Via: 1.1 " : "Via: 1.0 ", pseudonym);
    }
}

void put_framing(Out& out, const http::Framing& framing) {
    if (framing.kind == http::Framing::Kind::length) {
        out.put_number_line("Content-Length: ", framing.length);
    } else if (framing.kind == http::Framing::Kind::chunked) {
        out.put("Transfer-Encoding: chunked\r\n");
    }
}

/// One list whatever number of lines it came in: some origins read only the first.
void put_forwarded_for(Out& out, const http::Fields& fields, const http::Forwarded& forwarded) {
    constexpr std::string_view label = "X-Forwarded-For: ";
    if (!forwarded.trusted_peer || !fields.has(FieldId::x_forwarded_for)) {
        return out.put_line(label, forwarded.peer_ip);
    }
    out.put(label);
    for (const auto& field : fields.all()) {
        if (field.id == FieldId::x_forwarded_for && !field.value.empty()) {
            out.put(field.value);
            out.put(", ");
        }
    }
    out.put_line("", forwarded.peer_ip);
}

/// RFC 7239 section 6: an IPv6 address is bracketed and therefore quoted, and so is anything that is no token.
void put_forwarded(Out& out, const http::Forwarded& forwarded) {
    out.put("Forwarded: for=");
    const bool v6 = forwarded.peer_ip.find(':') != std::string_view::npos;
    out.put(v6 ? "\"[" : "");
    out.put(forwarded.peer_ip);
    out.put(v6 ? "]\"" : "");
    if (!forwarded.host.empty()) {
        out.put(";host=\"");
        out.put(forwarded.host);
        out.put('"');
    }
    out.put_line(";proto=", forwarded.proto);
}

void put_forwarding(Out& out, const http::RequestHead& head, const http::Forwarded& forwarded, Edits edits) {
    if (ours(edits, "X-Forwarded-For: ")) {
        put_forwarded_for(out, head.fields, forwarded);
    }
    put_own(out, edits, "X-Forwarded-Proto: ", forwarded.proto);
    if (!forwarded.host.empty()) {
        put_own(out, edits, "X-Forwarded-Host: ", forwarded.host);
    }
    if (!forwarded.port.empty()) {
        put_own(out, edits, "X-Forwarded-Port: ", forwarded.port);
    }
    put_own(out, edits, "X-Real-IP: ", forwarded.client_ip);
    put_own(out, edits, "X-Request-Id: ", forwarded.request_id);
    if (forwarded.rfc7239 && ours(edits, "Forwarded: ")) {
        put_forwarded(out, forwarded);
    }
    put_via(out, nullptr, head.version, forwarded.via);
}

/// RFC 9110 section 7.6.2. Zero never comes here: the exchange answers it.
void put_max_forwards(Out& out, const http::RequestHead& head, const http::Field& field) {
    std::uint64_t hops = 0;
    const auto* const begin = field.value.data();
    const auto* const end = begin + field.value.size();
    const auto parsed = std::from_chars(begin, end, hops);
    const bool counts = head.method == http::Method::options || head.method == http::Method::trace;
    if (!counts) {
        put_field(out, field.name, field.value);
        return;
    }
    // More than we can count is as much as we can count.
    out.put_number_line("Max-Forwards: ",
                        (parsed.ec == std::errc::result_out_of_range ? ~std::uint64_t{0} : std::max<std::uint64_t>(hops, 1)) - 1);
}

/// Received fields that do not go to the endpoint, whatever a route or Connection say.
template <bool trusted_peer>
constexpr http::FieldSet request_fields_ending([](FieldId id) {
    return id == FieldId::host || id == FieldId::expect || http::is_hop_by_hop(id) || http::is_replaced(id, trusted_peer);
});

/// And those that do not go to the client. The length of an answer that has no body says something of itself.
template <bool keeps_length>
constexpr http::FieldSet response_fields_ending([](FieldId id) {
    return id == FieldId::framing_twin || (http::is_hop_by_hop(id) && !(keeps_length && id == FieldId::content_length));
});

}  // namespace

void Out::put_number_line(std::string_view label, std::uint64_t value) {
    std::array<char, 20> digits;  // 2^64 has twenty
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    put_line(label, {digits.data(), static_cast<std::size_t>(end - digits.data())});
}

void Out::put_status_line(std::uint16_t status, std::string_view phrase) {
    std::array<char, 13> start{'H', 'T', 'T', 'P', '/', '1', '.', '1', ' '};
    start[9] = static_cast<char>('0' + status / 100);
    start[10] = static_cast<char>('0' + status / 10 % 10);
    start[11] = static_cast<char>('0' + status % 10);
    start[12] = ' ';
    put_line({start.data(), start.size()}, phrase);
}

void write_request(const http::RequestHead& head, const http::Forwarded& forwarded, const config::HeaderEdits& route_edits,
                   std::string_view upstream_host, Out& out) {
    const Edits edits = edits_of(route_edits);
    out.put(head.method_text);
    out.put(' ');
    out.put(head.path);
    if (head.has_query) {
        out.put('?');
        out.put(head.query);
    }
    out.put(" HTTP/1.1\r\n");
    out.put_line("Host: ", upstream_host.empty() ? head.authority : upstream_host);
    const http::FieldSet& ending = forwarded.trusted_peer ? request_fields_ending<true> : request_fields_ending<false>;
    Run run{out};
    for (const auto& field : head.fields.all()) {
        if (ending.has(field.id) || (head.connection_names_fields && http::named_by_connection(head.fields, field)) ||
            (edits != nullptr && edited(*edits, field))) {
            continue;
        }
        if (field.id == FieldId::max_forwards) {
            run.flush();
            put_max_forwards(out, head, field);
            continue;
        }
        run.add(field);
    }
    run.flush();
    put_set(out, edits);
    put_forwarding(out, head, forwarded, edits);
    if (head.expect_continue) {
        out.put("Expect: 100-continue\r\n");
    }
    if (head.upgrade) {
        out.put("Connection: Upgrade\r\n");
        out.put_line("Upgrade: ", head.upgrade_protocol);
    }
    put_framing(out, head.framing);
    out.put(crlf);
}

http::Framing downstream_framing(const http::ResponseHead& head, const ResponseContext& context) {
    auto framing = head.framing;
    if (framing.kind == http::Framing::Kind::chunked || framing.kind == http::Framing::Kind::until_close) {
        framing.kind = context.client_version == http::Version::http11 ? http::Framing::Kind::chunked : http::Framing::Kind::until_close;
    }
    return framing;
}

void write_response(const http::ResponseHead& head, const config::HeaderEdits& route_edits, const ResponseContext& context, Out& out) {
    const bool interim = head.status < 200;
    const Edits edits = interim ? nullptr : edits_of(route_edits);
    const auto framing = downstream_framing(head, context);
    out.put_status_line(head.status, head.reason);
    const bool keeps_length = framing.kind == http::Framing::Kind::none && !interim && head.status != 204;
    const http::FieldSet& ending = keeps_length ? response_fields_ending<true> : response_fields_ending<false>;
    Run run{out};
    for (const auto& field : head.fields.all()) {
        if (ending.has(field.id) || (head.connection_names_fields && http::named_by_connection(head.fields, field)) ||
            (edits != nullptr && edited(*edits, field))) {
            continue;
        }
        run.add(field);
    }
    run.flush();
    // 426 has to say which protocol it asks for (RFC 9110 section 15.5.22).
    if (head.status == 101 || (head.status == 426 && !head.fields.value(FieldId::upgrade).empty())) {
        out.put("Connection: Upgrade\r\n");
        out.put_line("Upgrade: ", head.fields.value(FieldId::upgrade));
    }
    if (!interim) {
        put_set(out, edits);
        put_via(out, edits, head.version, context.via);
        if (!head.fields.has(FieldId::date) && !context.date.empty()) {
            put_own(out, edits, "Date: ", context.date);
        }
        put_framing(out, framing);
        if (context.close || framing.kind == http::Framing::Kind::until_close) {
            out.put("Connection: close\r\n");
        } else if (context.client_version == http::Version::http10) {
            out.put("Connection: keep-alive\r\n");
        }
    }
    out.put(crlf);
}

void write_reply(const Reply& reply, Out& out) {
    const auto phrase = http::phrase_of(reply.status);
    out.put_status_line(reply.status, phrase);
    if (!reply.date.empty()) {
        out.put_line("Date: ", reply.date);
    }
    const bool bodyless = reply.status == 204 || reply.status == 304;
    const bool own_body = reply.body.empty() && !bodyless;
    if (own_body) {
        out.put("Content-Type: text/plain; charset=utf-8\r\n");
    }
    if (!bodyless) {
        out.put_number_line("Content-Length: ", own_body ? phrase.size() + 1 : reply.body.size());
    }
    if (reply.show_reason && reply.reason != http::Reason::none) {
        out.put_line("X-Cardea-Reason: ", http::name_of(reply.reason));
    }
    out.put(reply.extra_fields);
    if (reply.close) {
        out.put("Connection: close\r\n");
    } else if (reply.client_version == http::Version::http10) {
        out.put("Connection: keep-alive\r\n");
    }
    out.put(crlf);
    if (!reply.head_only && !bodyless) {
        out.put(own_body ? phrase : reply.body);
        out.put(own_body ? "\n" : "");
    }
}

std::string_view chunk_header(std::size_t size, std::span<char, 20> room) {
    auto* end = std::to_chars(room.data(), room.data() + room.size() - crlf.size(), size, 16).ptr;
    std::memcpy(end, crlf.data(), crlf.size());
    return {room.data(), static_cast<std::size_t>(end - room.data()) + crlf.size()};
}

}  // namespace cardea::http1
