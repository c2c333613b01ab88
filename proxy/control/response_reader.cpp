#include "proxy/control/response_reader.hpp"

#include <algorithm>
#include <memory>

namespace cardea::control {

namespace {

constexpr std::size_t max_answer_head = 64 * 1024;
constexpr std::size_t max_answer_fields = 200;
constexpr int max_interim_answers = 32;

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
}

}  // namespace

http::Method method_of(std::string_view text) {
    if (text == "GET") {
        return http::Method::get;
    }
    if (text == "HEAD") {
        return http::Method::head;
    }
    if (text == "PUT") {
        return http::Method::put;
    }
    return text == "POST" ? http::Method::post : http::Method::other;
}

std::string_view header_value(const discovery::HeaderList& headers, std::string_view name) {
    const auto found = std::find_if(headers.begin(), headers.end(), [name](const auto& field) { return field.first == name; });
    return found == headers.end() ? std::string_view{} : std::string_view{found->second};
}

ResponseReader::Step ResponseReader::next(std::string_view& input) {
    return in_body_ ? read_body(input) : read_head(input);
}

ResponseReader::Step ResponseReader::read_head(std::string_view& input) {
    while (!input.empty()) {
        const std::size_t before = head_bytes_.size();
        const std::size_t room = max_answer_head - before;
        head_bytes_.append(input.substr(0, room));
        const std::size_t length = http1::find_head_end(head_bytes_, scanned_);
        if (length == 0) {
            if (head_bytes_.size() == max_answer_head) {
                return Step::failed;
            }
            input = {};
            return Step::more;
        }
        input.remove_prefix(length - before);
        head_bytes_.resize(length);
        const auto parsed = std::make_unique<http::ResponseHead>();  // 8 KiB of fields: not for the stack of a callback
        if (http1::parse_response(head_bytes_, method_, max_answer_fields, *parsed) != http::Reason::none) {
            return Step::failed;
        }
        if (parsed->status < 200) {
            if (parsed->status == 101 || ++interim_ > max_interim_answers) {
                return Step::failed;  // nobody asked for another protocol
            }
            head_bytes_.clear();
            scanned_ = 0;
            continue;
        }
        head_.status = parsed->status;
        head_.keep_alive = parsed->keep_alive;
        for (const auto& field : parsed->fields.all()) {
            head_.headers.emplace_back(lower(field.name), field.value);
        }
        body_ = http1::BodyReader(parsed->framing);
        in_body_ = true;
        head_bytes_ = {};
        return Step::head;
    }
    return Step::more;
}

ResponseReader::Step ResponseReader::read_body(std::string_view& input) {
    while (!body_.done()) {
        if (input.empty()) {
            return Step::more;
        }
        const auto step = body_.read(input);
        input.remove_prefix(step.consumed);
        if (step.state == http1::BodyReader::State::failed) {
            return Step::failed;
        }
        if (!step.data.empty()) {
            data_ = step.data;
            return Step::data;
        }
    }
    return Step::done;
}

ResponseReader::Step ResponseReader::on_eof() {
    return in_body_ && (body_.done() || body_.on_eof() == http1::BodyReader::State::done) ? Step::done : Step::failed;
}

}  // namespace cardea::control
