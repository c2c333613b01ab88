#include "proxy/http/framing.hpp"

#include "config/text.hpp"

namespace cardea::http {

namespace {

enum class Coding : std::uint8_t { chunked, unknown, malformed };

/// One Transfer-Encoding field line. A list that repeats chunked is malformed (RFC 9112 section 6.1); parameters of a
/// coding are no reason to look closer, only `chunked` alone is served.
Coding read_coding(std::string_view value) {
    if (equals_lower(value, "chunked")) {
        return Coding::chunked;
    }
    bool other = false;
    auto list = value;
    for (std::string_view member; next_member(list, member);) {
        const auto name = config::trim(member.substr(0, member.find(';')));
        if (!config::http_token(name)) {
            return Coding::malformed;
        }
        other = other || !equals_lower(member, "chunked");
    }
    return other ? Coding::unknown : Coding::malformed;
}

}  // namespace

bool read_content_length(std::string_view text, std::uint64_t& out) {
    constexpr std::size_t max_digits = 18;
    if (text.empty() || text.size() > max_digits) {
        return false;
    }
    std::uint64_t value = 0;
    for (const char c : text) {
        if (!config::ascii_digit(c)) {
            return false;
        }
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    out = value;
    return true;
}

Reason request_framing(const Fields& fields, Version version, Framing& out) {
    out = {};
    const bool coded = fields.has(FieldId::transfer_encoding);
    const bool sized = fields.has(FieldId::content_length);
    if ((coded && (sized || version == Version::http10 || fields.repeated(FieldId::transfer_encoding))) ||
        fields.repeated(FieldId::content_length)) {
        return Reason::bad_framing;
    }
    if (coded) {
        switch (read_coding(fields.value(FieldId::transfer_encoding))) {
            case Coding::chunked:
                out.kind = Framing::Kind::chunked;
                return Reason::none;
            case Coding::unknown:
                return Reason::not_implemented;
            case Coding::malformed:
                return Reason::bad_framing;
        }
    }
    if (sized) {
        out.kind = Framing::Kind::length;
        return read_content_length(fields.value(FieldId::content_length), out.length) ? Reason::none : Reason::bad_framing;
    }
    return Reason::none;
}

bool response_framing(const Fields& fields, Version version, std::uint16_t status, Method request_method, Framing& out) {
    out = {};
    const bool coded = fields.has(FieldId::transfer_encoding);
    const bool sized = fields.has(FieldId::content_length);
    if ((coded && (sized || version == Version::http10 || fields.repeated(FieldId::transfer_encoding))) ||
        fields.repeated(FieldId::content_length)) {
        return false;
    }
    if (coded && read_coding(fields.value(FieldId::transfer_encoding)) != Coding::chunked) {
        return false;
    }
    std::uint64_t length = 0;
    if (sized && !read_content_length(fields.value(FieldId::content_length), length)) {
        return false;
    }
    if (request_method == Method::head || status < 200 || status == 204 || status == 304) {
        return true;
    }
    out.kind = coded ? Framing::Kind::chunked : sized ? Framing::Kind::length : Framing::Kind::until_close;
    out.length = length;
    return true;
}

}  // namespace cardea::http
