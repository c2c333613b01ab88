#include "perf/load/response_reader.hpp"

#include "perf/load/arguments.hpp"

#include <algorithm>
#include <charconv>

namespace cardea::load {

namespace {

constexpr std::size_t head_bytes_max = std::size_t{64} * 1024;
constexpr std::size_t body_start_max = 64;

// Names are compared, and what is kept of a head is kept, in lower case.
void make_lower(std::string& text) {
    std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
}

// Calls `take(name, value)` for each field of a head that ends with an empty line.
template <typename Take>
void each_field(std::string_view head, Take take) {
    for (auto at = head.find("\r\n") + 2; at + 2 < head.size();) {
        const auto end = head.find("\r\n", at);
        const auto line = head.substr(at, end - at);
        const auto colon = std::min(line.find(':'), line.size());
        auto value = line.substr(std::min(colon + 1, line.size()));
        value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
        take(line.substr(0, colon), value);
        at = end + 2;
    }
}

}  // namespace

void ResponseReader::start(bool head_only) {
    state_ = State::head;
    line_.clear();
    body_start_.clear();
    origin_.clear();
    reason_.clear();
    left_ = body_bytes_ = 0;
    status_ = 0;
    keep_ = true;
    begun_ = false;
    head_only_ = head_only;
}

ResponseReader::Outcome ResponseReader::feed(std::string_view bytes) {
    begun_ = begun_ || !bytes.empty();
    while (state_ == State::head) {
        const auto before = line_.size();
        if (before > 0) {
            line_ += bytes;
        }
        const auto head = before > 0 ? std::string_view(line_) : bytes;
        const auto end = head.find("\r\n\r\n", before < 3 ? 0 : before - 3);
        if (end == std::string_view::npos) {
            if (before == 0) {
                line_ = bytes;
            }
            return line_.size() > head_bytes_max ? Outcome::malformed : Outcome::more;
        }
        bytes.remove_prefix(end + 4 - before);
        if (before > 0) {
            line_.resize(end + 4);
        } else {
            line_ = head.substr(0, end + 4);
        }
        if (!read_head()) {
            return Outcome::malformed;
        }
        line_.clear();
    }
    return body(bytes);
}

ResponseReader::Outcome ResponseReader::end() {
    return state_ == State::to_end ? Outcome::done : Outcome::malformed;
}

bool ResponseReader::read_head() {
    if (!line_.starts_with("HTTP/1.") || line_.size() < 13) {
        return false;
    }
    status_ = static_cast<int>(parse_number(std::string_view(line_).substr(9, 3)).value_or(0));
    if (status_ < 100 || status_ > 599) {
        return false;
    }
    if (status_ < 200 && status_ != 101) {
        return true;  // an interim response: the final one follows, state_ stays
    }
    make_lower(line_);
    keep_ = line_.starts_with("http/1.1");
    std::string_view length, coding;
    each_field(line_, [&](std::string_view name, std::string_view value) {
        if (name == "content-length") {
            length = value;
        } else if (name == "transfer-encoding") {
            coding = value;
        } else if (name == "connection") {
            keep_ = keep_ && value.find("close") == std::string_view::npos;
        } else if (name == "x-origin") {
            origin_ = value;
        } else if (name == "x-cardea-reason") {
            reason_ = value;
        }
    });
    if (head_only_ || status_ == 204 || status_ == 304 || status_ == 101) {
        state_ = State::done;
    } else if (coding == "chunked") {
        state_ = State::chunk_size;
        return length.empty();
    } else if (!length.empty()) {
        const auto value = parse_number(length);
        left_ = value.value_or(0);
        state_ = left_ > 0 ? State::length : State::done;
        return value.has_value();
    } else {
        keep_ = false;
        state_ = State::to_end;
    }
    return true;
}

ResponseReader::Outcome ResponseReader::body(std::string_view bytes) {
    while (!bytes.empty()) {
        switch (state_) {
            case State::length:
                bytes.remove_prefix(take_data(bytes));
                state_ = left_ == 0 ? State::done : State::length;
                break;
            case State::chunk_data:
                bytes.remove_prefix(take_data(bytes));
                state_ = left_ == 0 ? State::chunk_end : State::chunk_data;
                break;
            case State::to_end:
                left_ = bytes.size();
                bytes.remove_prefix(take_data(bytes));
                break;
            case State::chunk_size:
            case State::chunk_end:
            case State::trailer:
                if (!chunk_line(bytes.front())) {
                    return Outcome::malformed;
                }
                bytes.remove_prefix(1);
                break;
            case State::head:
            case State::done:
                return Outcome::malformed;  // bytes nobody asked for
        }
    }
    return state_ == State::done ? Outcome::done : Outcome::more;
}

// Data of the current piece, as much as is there of it.
std::size_t ResponseReader::take_data(std::string_view bytes) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    if (body_start_.size() < body_start_max) {
        body_start_ += bytes.substr(0, std::min(count, body_start_max - body_start_.size()));
    }
    left_ -= count;
    body_bytes_ += count;
    return count;
}

// One character of a line between pieces of data; false when the line is not what may stand there.
bool ResponseReader::chunk_line(char next) {
    line_ += next;
    if (next != '\n') {
        return line_.size() < 1024;
    }
    if (!line_.ends_with("\r\n")) {
        return false;
    }
    const std::string_view text(line_.data(), line_.size() - 2);
    bool good = true;
    if (state_ == State::chunk_size) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), left_, 16);
        good = error == std::errc{} && end == text.data() + text.size();
        state_ = left_ > 0 ? State::chunk_data : State::trailer;
    } else if (state_ == State::chunk_end) {
        good = text.empty();
        state_ = State::chunk_size;
    } else if (text.empty()) {
        state_ = State::done;
    }
    line_.clear();
    return good;
}

}  // namespace cardea::load
