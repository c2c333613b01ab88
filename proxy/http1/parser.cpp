#include "proxy/http1/parser.hpp"

#include "config/text.hpp"
#include "proxy/http/framing.hpp"
#include "proxy/http/hop_by_hop.hpp"
#include "proxy/http/target.hpp"
#include "proxy/http1/plain_fields.hpp"

#include <llhttp.h>
#include <algorithm>
#include <array>
#include <string>

namespace cardea::http1 {

namespace {

using http::FieldId;
using http::Reason;

constexpr std::string_view line_end = "\r\n";

enum class Outcome : std::uint8_t { good, malformed, bad_framing, too_many, too_long };

/// What llhttp's callbacks fill; lives on the stack of one parse.
struct Section {
    http::Fields* fields;
    FieldLimits limits;
    const char* read;   ///< what llhttp is given,
    const char* meant;  ///< and what the views point into: the same bytes
    std::string_view name{};
    Outcome refused{Outcome::good};
    bool complete{false};

    [[nodiscard]] std::string_view view(const char* at, std::size_t size) const { return {meant + (at - read), size}; }
};

int on_name(llhttp_t* parser, const char* at, std::size_t size) {
    auto& section = *static_cast<Section*>(parser->data);
    section.name = section.view(at, size);
    return HPE_OK;
}

int on_value(llhttp_t* parser, const char* at, std::size_t size) {
    auto& section = *static_cast<Section*>(parser->data);
    std::string_view value = section.view(at, size);
    const auto behind_name = static_cast<std::size_t>(value.data() - section.name.data());
    bool canonical = behind_name == section.name.size() + 2 && value.data()[-1] == ' ' && !value.empty();
    if (behind_name + value.size() > section.limits.line) {
        section.refused = Outcome::too_long;
        return HPE_USER;
    }
    if (!value.empty() && (value.back() == ' ' || value.back() == '\t')) {
        value = config::trim(value);
        canonical = false;
    }
    if (section.fields->size() >= section.limits.fields || !section.fields->push(section.name, value, canonical)) {
        section.refused = Outcome::too_many;
        return HPE_USER;
    }
    return HPE_OK;
}

int on_section_end(llhttp_t* parser) {
    static_cast<Section*>(parser->data)->complete = true;
    return HPE_PAUSED;
}

/// A parser that stands behind a start line: made once, copied for each head, so that llhttp never sees the real one.
class Template {
public:
    explicit Template(llhttp_type_t type, std::string_view start_line) {
        llhttp_settings_init(&settings_);
        settings_.on_header_field = on_name;
        settings_.on_header_value = on_value;
        settings_.on_headers_complete = on_section_end;
        llhttp_init(&parser_, type, &settings_);
        llhttp_set_lenient_transfer_encoding(&parser_, 1);  // the codings are framing.cpp's to judge, each with its own status
        llhttp_execute(&parser_, start_line.data(), start_line.size());
    }
    Template(const Template&) = delete;
    Template& operator=(const Template&) = delete;
    [[nodiscard]] llhttp_t copy() const { return parser_; }

private:
    llhttp_settings_t settings_{};
    llhttp_t parser_{};
};

/// `bytes` is everything behind the start line, the empty line included; `meant` is where the same bytes are to stay.
Outcome read_fields(const Template& prepared, std::string_view bytes, const char* meant, FieldLimits limits, http::Fields& out) {
    out.clear();
    Section section{.fields = &out, .limits = limits, .read = bytes.data(), .meant = meant};
    auto parser = prepared.copy();
    parser.data = &section;
    const auto error = llhttp_execute(&parser, bytes.data(), bytes.size());
    if (section.refused != Outcome::good) {
        return section.refused;
    }
    // Behind a length llhttp takes blanks but no tab, which is as good (RFC 9110 section 5.6.3): judges it with blanks for tabs.
    if (error == HPE_INVALID_CONTENT_LENGTH && bytes.data() == meant && bytes.find('\t') != std::string_view::npos) {
        std::string blanks(bytes);
        std::ranges::replace(blanks, '\t', ' ');
        return read_fields(prepared, blanks, meant, limits, out);
    }
    if (error == HPE_UNEXPECTED_CONTENT_LENGTH || error == HPE_INVALID_CONTENT_LENGTH || error == HPE_INVALID_TRANSFER_ENCODING) {
        return Outcome::bad_framing;
    }
    const bool whole = section.complete && llhttp_get_error_pos(&parser) == bytes.data() + bytes.size();
    return error == HPE_PAUSED && whole ? Outcome::good : Outcome::malformed;
}

Outcome read_request_fields(std::string_view bytes, FieldLimits limits, http::Fields& out) {
    static const Template prepared{HTTP_REQUEST, "GET / HTTP/1.1\r\n"};
    return read_plain_fields(bytes, limits, out) == bytes.size() ? Outcome::good : read_fields(prepared, bytes, bytes.data(), limits, out);
}

Outcome read_response_fields(std::string_view bytes, FieldLimits limits, http::Fields& out) {
    static const Template prepared{HTTP_RESPONSE, "HTTP/1.1 200 OK\r\n"};
    return read_plain_fields(bytes, limits, out) == bytes.size() ? Outcome::good : read_fields(prepared, bytes, bytes.data(), limits, out);
}

enum class VersionKind : std::uint8_t { served, other, malformed };

/// HTTP-name is case-sensitive (RFC 9112 section 2.3).
VersionKind read_version(std::string_view text, http::Version& out) {
    if (text == "HTTP/1.1") {
        out = http::Version::http11;
        return VersionKind::served;
    }
    constexpr std::string_view name = "HTTP/";
    if (text.size() != name.size() + 3 || !text.starts_with(name) || !config::ascii_digit(text[5]) || text[6] != '.' ||
        !config::ascii_digit(text[7])) {
        return VersionKind::malformed;
    }
    if (text[5] != '1' || text[7] > '1') {
        return VersionKind::other;
    }
    out = text[7] == '1' ? http::Version::http11 : http::Version::http10;
    return VersionKind::served;
}

Reason read_request_line(std::string_view line, http::RequestHead& out) {
    constexpr std::size_t version_size = 9;  // with the blank in front of it
    const auto first = line.find(' ');
    const bool as_usual = line.size() > version_size && line[line.size() - version_size] == ' ';
    const auto last = as_usual ? line.size() - version_size : line.rfind(' ');
    if (first == std::string_view::npos || first == last) {
        return Reason::bad_request;
    }
    out.method_text = line.substr(0, first);
    out.target = line.substr(first + 1, last - first - 1);
    out.method = method_of(out.method_text);
    if (out.method == http::Method::other && !config::http_token(out.method_text)) {
        return Reason::bad_request;
    }
    switch (read_version(line.substr(last + 1), out.version)) {
        case VersionKind::malformed:
            return Reason::bad_request;
        case VersionKind::other:
            return Reason::version_not_supported;
        case VersionKind::served:
            break;
    }
    if (out.method == http::Method::connect) {
        return Reason::not_implemented;
    }
    return http::split_target(out);
}

/// RFC 9112 section 3.2: exactly one valid Host on HTTP/1.1, also beside an absolute-form target, which then wins.
Reason settle_authority(http::RequestHead& out) {
    const auto* host = out.fields.find(FieldId::host);
    std::string_view port;
    if (out.fields.repeated(FieldId::host) || (host == nullptr && out.version == http::Version::http11) ||
        (host != nullptr && !http::split_authority(host->value, out.host, port))) {
        return Reason::bad_host;
    }
    const bool absolute = out.authority.data() != nullptr;
    if (!absolute) {
        out.authority = host != nullptr ? host->value : std::string_view{};
        return Reason::none;
    }
    return http::split_authority(out.authority, out.host, port) ? Reason::none : Reason::bad_host;
}

/// RFC 9110 section 10.1.1: the only expectation there is, however often it is said; from HTTP/1.0, and without a body, it
/// says nothing.
Reason settle_expectation(http::RequestHead& out) {
    if (!out.fields.has(FieldId::expect) || out.version == http::Version::http10) {
        return Reason::none;
    }
    bool waits = false;
    for (const auto& field : out.fields.all()) {
        auto list = field.id == FieldId::expect ? field.value : std::string_view{};
        for (std::string_view member; http::next_member(list, member);) {
            if (!http::equals_lower(member, "100-continue")) {
                return Reason::expectation_failed;
            }
            waits = true;
        }
    }
    out.expect_continue = waits && (out.framing.kind == http::Framing::Kind::chunked || out.framing.length > 0);
    return Reason::none;
}

/// RFC 9110 section 7.6.2: it must be counted down where it has a meaning, so there it is one number or nothing.
bool good_max_forwards(const http::RequestHead& head) {
    if (!head.fields.has(FieldId::max_forwards) || (head.method != http::Method::options && head.method != http::Method::trace)) {
        return true;
    }
    const auto hops = head.fields.value(FieldId::max_forwards);
    return !hops.empty() && std::ranges::all_of(hops, config::ascii_digit) && !head.fields.repeated(FieldId::max_forwards);
}

void settle_upgrade(const http::ConnectionOptions& options, http::RequestHead& out) {
    out.upgrade_protocol = out.fields.value(FieldId::upgrade);
    out.upgrade = options.upgrade && !options.close && out.version == http::Version::http11 && !out.upgrade_protocol.empty() &&
                  !out.fields.repeated(FieldId::upgrade) && out.framing.kind != http::Framing::Kind::chunked && out.framing.length == 0 &&
                  !http::offers_http2(out.upgrade_protocol);
}

/// What is not read stays at its default: of a refused request, too, everything said here is this request's.
void reset(http::RequestHead& out) {
    out.method_text = out.target = out.authority = out.host = out.path = out.query = out.upgrade_protocol = {};
    out.method = http::Method::other;
    out.version = http::Version::http11;
    out.framing = {};
    out.keep_alive = true;
    out.has_query = out.expect_continue = out.upgrade = out.connection_names_fields = false;
    out.fields.clear();
}

/// The status line in front of `bytes`: its length with its end, 0 when it is none.
std::size_t read_status_line(std::string_view bytes, http::ResponseHead& out) {
    constexpr std::size_t code_at = 9;  // behind `HTTP/1.1 `
    const auto end = bytes.find(line_end);
    const auto line = bytes.substr(0, end);
    if (end == std::string_view::npos || line.size() < code_at + 3 || line[code_at - 1] != ' ' ||
        read_version(line.substr(0, code_at - 1), out.version) != VersionKind::served) {
        return 0;
    }
    out.status = 0;
    for (const char c : line.substr(code_at, 3)) {
        if (!config::ascii_digit(c)) {
            return 0;
        }
        out.status = static_cast<std::uint16_t>(out.status * 10 + (c - '0'));
    }
    // The blank behind the code is missing where there is no phrase often enough; nothing hangs on it.
    out.reason = line.substr(std::min(line.size(), code_at + 4));
    const bool good = out.status >= 100 && out.status <= 599 && (line.size() == code_at + 3 || line[code_at + 3] == ' ') &&
                      config::http_field_value(config::trim(out.reason));
    return good ? end + line_end.size() : 0;
}

/// What the fields mean together; false when that is nothing.
bool settle_response(http::Method request_method, http::ResponseHead& out) {
    http::ConnectionOptions options;
    if (!http::response_framing(out.fields, out.version, out.status, request_method, out.framing) ||
        !http::read_connection(out.fields, options)) {
        return false;
    }
    out.connection_names_fields = options.names_fields;
    // Who announces a body where there can be none may send it yet: nothing else is asked on that connection.
    const bool announced =
        (out.status == 204 && out.fields.has(FieldId::content_length) && out.fields.value(FieldId::content_length) != "0") ||
        ((out.status == 204 || out.status == 304) && out.fields.has(FieldId::transfer_encoding));
    out.keep_alive = !options.close && !announced && out.framing.kind != http::Framing::Kind::until_close &&
                     (out.version == http::Version::http11 || options.keep_alive);
    out.keep_alive_timeout = {};
    auto list = out.fields.value(FieldId::keep_alive);
    for (std::string_view member; http::next_member(list, member);) {
        constexpr std::string_view key = "timeout=";
        if (http::equals_lower(member.substr(0, key.size()), key)) {
            out.keep_alive_timeout = member.substr(key.size());
        }
    }
    return true;
}

}  // namespace

http::Method method_of(std::string_view text) {
    using http::Method;
    struct Known {
        std::string_view text;
        Method method;
    };
    static constexpr std::array known{Known{"GET", Method::get},         Known{"POST", Method::post},       Known{"HEAD", Method::head},
                                      Known{"PUT", Method::put},         Known{"DELETE", Method::del},      Known{"PATCH", Method::patch},
                                      Known{"OPTIONS", Method::options}, Known{"CONNECT", Method::connect}, Known{"TRACE", Method::trace}};
    const auto* at = std::ranges::find(known, text, &Known::text);
    return at != known.end() ? at->method : Method::other;
}

Reason check_partial_request(std::string_view bytes, const RequestLimits& limits) {
    const auto request = bytes.substr(leading_lines(bytes));
    const auto end = request.find(line_end);
    if (std::min(end, request.size()) > limits.max_request_line) {
        return Reason::uri_too_long;
    }
    if (bytes.size() >= limits.max_head_bytes) {
        return Reason::headers_too_large;
    }
    return end == std::string_view::npos || std::ranges::count(request.substr(0, end), ' ') == 2 ? Reason::none : Reason::bad_request;
}

Reason parse_request(std::string_view head_bytes, const RequestLimits& limits, http::RequestHead& out) {
    reset(out);
    const auto start = leading_lines(head_bytes);
    const auto request = head_bytes.substr(start);
    const auto end = request.find(line_end);
    if (std::min(end, request.size()) > limits.max_request_line) {
        return Reason::uri_too_long;
    }
    if (head_bytes.size() > limits.max_head_bytes) {
        return Reason::headers_too_large;
    }
    if (end == std::string_view::npos || start > max_leading_bytes) {
        return Reason::bad_request;
    }
    if (const auto reason = read_request_line(request.substr(0, end), out); reason != Reason::none) {
        return reason;
    }
    switch (read_request_fields(request.substr(end + line_end.size()), {limits.max_fields, limits.max_field_line}, out.fields)) {
        case Outcome::good:
            break;
        case Outcome::malformed:
            return Reason::bad_request;
        case Outcome::bad_framing:
            return Reason::bad_framing;
        case Outcome::too_many:
            return Reason::too_many_headers;
        case Outcome::too_long:
            return Reason::header_line_too_long;
    }
    if (const auto reason = settle_authority(out); reason != Reason::none) {
        return reason;
    }
    if (const auto reason = http::request_framing(out.fields, out.version, out.framing); reason != Reason::none) {
        return reason;
    }
    http::ConnectionOptions options;
    if (!http::read_connection(out.fields, options) || !good_max_forwards(out)) {
        return Reason::bad_request;
    }
    out.connection_names_fields = options.names_fields;
    out.keep_alive = !options.close && (out.version == http::Version::http11 || options.keep_alive);
    settle_upgrade(options, out);
    return settle_expectation(out);
}

Reason parse_response(std::string_view head_bytes, http::Method request_method, std::size_t max_fields, http::ResponseHead& out) {
    const std::size_t fields = read_status_line(head_bytes, out);
    const bool good = fields != 0 &&
                      read_response_fields(head_bytes.substr(fields), {max_fields, head_bytes.size()}, out.fields) == Outcome::good &&
                      settle_response(request_method, out);
    return good ? Reason::none : Reason::upstream_malformed;
}

std::size_t parse_plain_response(std::string_view bytes, http::Method request_method, std::size_t max_fields, http::ResponseHead& out) {
    const std::size_t fields = read_status_line(bytes, out);
    const std::size_t size = fields != 0 ? read_plain_fields(bytes.substr(fields), {max_fields, bytes.size()}, out.fields) : 0;
    return size != 0 && settle_response(request_method, out) ? fields + size : 0;
}

}  // namespace cardea::http1
