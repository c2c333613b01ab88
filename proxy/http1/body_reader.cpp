#include "proxy/http1/body_reader.hpp"

#include "config/text.hpp"
#include "proxy/http/fields.hpp"

#include <algorithm>
#include <string>

namespace cardea::http1 {

namespace {

constexpr std::uint8_t max_size_digits = 16;  // of 64 bits: what the grammar can mean, not what anybody could want to set

constexpr int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = config::ascii_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// Fields that must act before the body or on this hop only, so that a trailer may not carry them (RFC 9110 section 6.5.1).
bool forbidden_in_trailers(std::string_view name) {
    using http::FieldId;
    const auto id = http::identify(name);
    if (id != FieldId::other && id != FieldId::user_agent && id != FieldId::referer && id != FieldId::date) {
        return true;
    }
    constexpr std::array<std::string_view, 22> names{"authorization",
                                                     "cookie",
                                                     "set-cookie",
                                                     "www-authenticate",
                                                     "authentication-info",
                                                     "content-encoding",
                                                     "content-type",
                                                     "content-range",
                                                     "content-location",
                                                     "content-disposition",
                                                     "cache-control",
                                                     "age",
                                                     "expires",
                                                     "location",
                                                     "range",
                                                     "if-match",
                                                     "if-none-match",
                                                     "if-modified-since",
                                                     "if-unmodified-since",
                                                     "if-range",
                                                     "retry-after",
                                                     "vary"};
    return std::ranges::any_of(names, [name](std::string_view known) { return http::equals_lower(name, known); });
}

}  // namespace

/// Complete lines worth keeping, then the line that is being received. Allocated when the first byte of a trailer comes.
struct BodyReader::Trailers {
    std::string bytes{};
    std::size_t kept{0};      ///< of them: complete lines
    std::size_t received{0};  ///< all, also those dropped
    std::size_t fields{0};

    /// Part::trailer, or what a line that cannot stay makes of the body.
    [[nodiscard]] Part end_line(std::size_t max_fields) {
        const std::string_view line{bytes.data() + kept, bytes.size() - kept - 2};
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || !config::http_token(line.substr(0, colon)) ||
            !config::http_field_value(config::trim(line.substr(colon + 1)))) {
            return Part::failed;
        }
        if (++fields > max_fields) {
            return Part::oversized;
        }
        if (forbidden_in_trailers(line.substr(0, colon))) {
            bytes.resize(kept);
        }
        kept = bytes.size();
        return Part::trailer;
    }
};

void BodyReader::FreeTrailers::operator()(Trailers* trailers) const {
    delete trailers;
}

BodyReader::BodyReader(http::Framing framing, const config::ChunkedLimits& limits) : kind_(framing.kind), limits_(&limits) {
    switch (kind_) {
        case http::Framing::Kind::none:
            break;
        case http::Framing::Kind::length:
            left_ = framing.length;
            part_ = left_ == 0 ? Part::done : Part::data;
            break;
        case http::Framing::Kind::chunked:
            part_ = Part::size;
            break;
        case http::Framing::Kind::until_close:
            part_ = Part::data;
            break;
    }
}

BodyReader::State BodyReader::state() const {
    return part_ == Part::done ? State::done : part_ >= Part::failed ? State::failed : State::more;
}

BodyReader::Step BodyReader::read(std::string_view input) {
    if (part_ >= Part::done || input.empty()) {
        return {0, {}, state()};
    }
    if (kind_ == http::Framing::Kind::chunked) {
        return read_chunked(input);
    }
    auto data = input;
    if (kind_ == http::Framing::Kind::length) {
        data = input.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size())));
        left_ -= data.size();
        if (left_ == 0) {
            part_ = Part::done;
        }
    }
    return {data.size(), data, state()};
}

BodyReader::Step BodyReader::read_chunked(std::string_view input) {
    Step step;
    while (step.consumed < input.size() && state() == State::more) {
        if (part_ != Part::data) {
            framing_byte(input[step.consumed++]);
            continue;
        }
        if (!step.data.empty()) {
            break;  // the next chunk's payload does not touch this one's
        }
        step.data = input.substr(step.consumed, static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - step.consumed)));
        step.consumed += step.data.size();
        left_ -= step.data.size();
        if (left_ == 0) {
            part_ = Part::data_cr;
        }
    }
    step.state = state();
    return step;
}

void BodyReader::framing_byte(char c) {
    const auto require = [this, c](char wanted, Part next) { part_ = c == wanted ? next : Part::failed; };
    switch (part_) {
        case Part::size:
            return size_byte(c);
        case Part::blank:
        case Part::extension_begin:
        case Part::extension_name:
        case Part::extension_name_end:
        case Part::extension_value_begin:
        case Part::extension_value:
        case Part::extension_quoted:
        case Part::extension_escaped:
        case Part::extension_end:
            return extension_byte(c);
        case Part::size_lf:
            if (c == '\n') {
                return end_of_size();
            }
            part_ = Part::failed;
            return;
        case Part::data_cr:
            return require('\r', Part::data_lf);
        case Part::data_lf:
            require('\n', Part::size);
            digits_ = 0;
            return;
        case Part::trailer:
            return trailer_byte(c);
        case Part::data:
        case Part::done:
        case Part::failed:
        case Part::overextended:
        case Part::oversized:
            return;
    }
}

/// RFC 9112 section 7.1.1, as it is written: nobody needs extensions, and many a parser has been led astray by what looks like one.
void BodyReader::extension_byte(char c) {
    const bool blank = c == ' ' || c == '\t';
    const bool token = config::http_token({&c, 1});
    const bool text = blank || (static_cast<unsigned char>(c) > 0x20 && c != 0x7f);
    const auto separator = [c](Part otherwise) { return c == ';' ? Part::extension_begin : c == '\r' ? Part::size_lf : otherwise; };
    switch (part_) {
        case Part::extension_begin:
            part_ = token ? Part::extension_name : blank ? part_ : Part::failed;
            break;
        case Part::extension_name:
            part_ = token ? part_ : c == '=' ? Part::extension_value_begin : separator(blank ? Part::extension_name_end : Part::failed);
            break;
        case Part::extension_name_end:
            part_ = blank ? part_ : c == '=' ? Part::extension_value_begin : c == ';' ? Part::extension_begin : Part::failed;
            break;
        case Part::extension_value_begin:
            part_ = token ? Part::extension_value : c == '"' ? Part::extension_quoted : blank ? part_ : Part::failed;
            break;
        case Part::extension_value:
            part_ = token ? part_ : separator(blank ? Part::blank : Part::failed);
            break;
        case Part::extension_quoted:
            part_ = c == '"' ? Part::extension_end : c == '\\' ? Part::extension_escaped : text ? part_ : Part::failed;
            break;
        case Part::extension_escaped:
            part_ = text ? Part::extension_quoted : Part::failed;
            break;
        case Part::extension_end:
            part_ = separator(blank ? Part::blank : Part::failed);
            break;
        default:  // white space, which must lead to another extension
            part_ = blank ? part_ : c == ';' ? Part::extension_begin : Part::failed;
            break;
    }
    if (part_ != Part::size_lf &&
        (++chunk_extension_ > limits_->max_extension.count || ++extension_bytes_ > limits_->max_extensions.count)) {
        part_ = Part::overextended;
    }
}

void BodyReader::size_byte(char c) {
    if (const int digit = hex_value(c); digit >= 0) {
        // Sixteen digits fill 64 bits; half of that is refused too, so that no reader behind us takes it for a negative size.
        const bool fits = ++digits_ <= max_size_digits && left_ < (std::uint64_t{1} << 59);
        left_ = left_ * 16 + static_cast<unsigned>(digit);
        part_ = fits ? Part::size : Part::failed;
        return;
    }
    chunk_extension_ = 0;
    if (digits_ == 0) {
        part_ = Part::failed;
    } else if (c == '\r') {
        part_ = Part::size_lf;
    } else if (c == ';') {
        part_ = Part::extension_begin;
    } else {
        part_ = c == ' ' || c == '\t' ? Part::blank : Part::failed;
    }
}

void BodyReader::end_of_size() {
    part_ = left_ == 0 ? Part::trailer : Part::data;
    before_ = '\n';
}

void BodyReader::trailer_byte(char c) {
    const char before = before_;
    before_ = c;
    const bool empty_line = trailers_ == nullptr || trailers_->bytes.size() == trailers_->kept;
    if (before == '\r') {
        if (c != '\n') {
            part_ = Part::failed;
            return;
        }
        if (empty_line) {
            part_ = Part::done;
            return;
        }
    } else if (c == '\n') {
        part_ = Part::failed;
        return;
    } else if (c == '\r' && empty_line) {
        return;  // of the line that ends the section, which is not kept
    }
    if (trailers_ == nullptr) {
        trailers_.reset(new Trailers);
    }
    if (++trailers_->received > limits_->max_trailers.count) {
        part_ = Part::oversized;
        return;
    }
    trailers_->bytes.push_back(c);
    if (c == '\n') {
        part_ = trailers_->end_line(limits_->max_trailer_count);
    }
}

BodyReader::State BodyReader::on_eof() {
    if (kind_ == http::Framing::Kind::until_close && part_ == Part::data) {
        part_ = Part::done;
    } else if (part_ != Part::done) {
        part_ = Part::failed;
    }
    return state();
}

std::string_view BodyReader::trailers() const {
    return trailers_ != nullptr && part_ == Part::done ? std::string_view{trailers_->bytes}.substr(0, trailers_->kept) : std::string_view{};
}

}  // namespace cardea::http1
