#include "perf/load/origin_connection.hpp"

#include "perf/load/arguments.hpp"

#include <strings.h>
#include <sys/uio.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

namespace cardea::load {

namespace {

constexpr std::size_t slab_bytes = 1 << 20;
constexpr std::size_t chunk_bytes = 16 * 1024;
constexpr std::size_t head_bytes_max = 256 * 1024;
constexpr std::size_t echo_bytes_max = 8 << 20;

char* slab() {
    static const auto filler = [] {
        static std::array<char, slab_bytes> bytes;
        bytes.fill('x');
        return bytes.data();
    }();
    return filler;
}

// The value of a header field, or an empty view. `head` ends with an empty line.
std::string_view field(std::string_view head, std::string_view name) {
    for (auto line = head.find("\r\n"); line != std::string_view::npos; line = head.find("\r\n", line + 2)) {
        const auto rest = head.substr(line + 2);
        if (rest.size() <= name.size() || rest[name.size()] != ':' || strncasecmp(rest.data(), name.data(), name.size()) != 0) {
            continue;
        }
        auto value = rest.substr(name.size() + 1, rest.find("\r\n") - name.size() - 1);
        value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
        return value;
    }
    return {};
}

bool contains_word(std::string_view value, std::string_view word) {
    return std::ranges::search(value, word, [](char a, char b) { return (a | 0x20) == (b | 0x20); }).begin() != value.end();
}

std::uint64_t leading_number(std::string_view text) {
    return parse_number(text.substr(0, text.find_first_not_of("0123456789"))).value_or(0);
}

std::string hex(std::uint64_t value) {
    std::array<char, 16> digits;
    return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr};
}

}  // namespace

OriginConnection::OriginConnection(int socket, Behaviour& behaviour) : socket_(socket), behaviour_(behaviour) {
    no_delay(socket);
}

OriginConnection::~OriginConnection() {
    close(socket_);
}

bool OriginConnection::idle() const {
    return state_ == State::head && in_.empty() && out_sent_ == out_.size() && slab_left_ == 0 && chunks_left_ == 0 && !last_chunk_due_;
}

OriginConnection::Next OriginConnection::on_event(Clock::time_point now, bool peer_closing) {
    if (state_ == State::head && now >= wake_at_) {
        return Next::close;  // idle for too long
    }
    if (!receive(peer_closing)) {
        peer_closed_ = true;
    }
    while (flush() && step(now)) {
    }
    const bool sent = out_sent_ == out_.size() && slab_left_ == 0;
    const bool answering = state_ == State::delayed || state_ == State::dripping || !sent;
    if ((state_ == State::closing && sent) || (peer_closed_ && !answering)) {
        return Next::close;
    }
    if (behaviour_.idle_timeout.count() > 0 && idle() && wake_at_ == Clock::time_point::max()) {
        wake_at_ = now + behaviour_.idle_timeout;
    }
    return Next::wait;
}

bool OriginConnection::receive(bool to_the_end) {
    std::array<char, 64 * 1024> buffer;
    for (;;) {
        const auto count = recv(socket_, buffer.data(), buffer.size(), 0);
        if (count > 0) {
            in_.append(buffer.data(), static_cast<std::size_t>(count));
            if (state_ == State::body) {
                read_body();  // a large body is dropped as it comes
            }
        } else {
            return count < 0 && (errno == EAGAIN || errno == EINTR);
        }
        if (!to_the_end && static_cast<std::size_t>(count) < buffer.size()) {
            return true;  // edge-triggered: a short read means the socket is empty
        }
    }
}

bool OriginConnection::flush() {
    for (;;) {
        const std::size_t text = out_.size() - out_sent_;
        if (text == 0 && slab_left_ == 0) {
            out_.clear();
            out_sent_ = 0;
            if (!next_piece()) {
                return true;
            }
            continue;
        }
        std::array<iovec, 2> pieces{
            {{out_.data() + out_sent_, text}, {slab(), static_cast<std::size_t>(std::min<std::uint64_t>(slab_left_, slab_bytes))}}};
        const auto sent = writev(socket_, pieces.data(), slab_left_ > 0 ? 2 : 1);
        if (sent < 0) {
            if (errno == EAGAIN || errno == EINTR) {
                return false;
            }
            state_ = State::closing;
            out_.clear();
            out_sent_ = slab_left_ = chunks_left_ = 0;
            last_chunk_due_ = false;
            return true;
        }
        const auto of_text = std::min(static_cast<std::size_t>(sent), text);
        out_sent_ += of_text;
        slab_left_ -= static_cast<std::size_t>(sent) - of_text;
    }
}

bool OriginConnection::next_piece() {
    if (chunks_left_ > 0) {
        slab_left_ = std::min<std::uint64_t>(chunks_left_, chunk_bytes);
        chunks_left_ -= slab_left_;
        out_ = hex(slab_left_) + "\r\n";
        // The line end after the data goes out in front of the next piece.
        if (last_chunk_due_) {
            out_.insert(0, "\r\n");
        }
        last_chunk_due_ = true;
        return true;
    }
    if (last_chunk_due_) {
        out_ = "\r\n0\r\n\r\n";
        last_chunk_due_ = false;
        return true;
    }
    return false;
}

bool OriginConnection::step(Clock::time_point now) {
    switch (state_) {
        case State::head:
            return read_head(now);
        case State::body:
            if (!read_body()) {
                return false;
            }
            answer(now);
            return true;
        case State::delayed:
            if (now < wake_at_) {
                return false;
            }
            answer_path(target_, now);
            return true;
        case State::dripping:
            if (now < wake_at_) {
                return false;
            }
            drip(now);
            return true;
        case State::tunnel:
            out_ = std::exchange(in_, {});
            return !out_.empty();
        case State::hanging:
        case State::closing:
            return false;
    }
    return false;
}

bool OriginConnection::read_head(Clock::time_point now) {
    if (!keep_) {
        state_ = State::closing;
        return false;
    }
    const auto end = in_.find("\r\n\r\n");
    if (end == std::string::npos) {
        if (in_.size() > head_bytes_max) {
            state_ = State::closing;
        }
        return false;
    }
    wake_at_ = Clock::time_point::max();
    request_.assign(in_, 0, end + 4);
    in_.erase(0, end + 4);
    const std::string_view line(request_.data(), request_.find("\r\n"));
    const auto first = std::min(line.find(' '), line.size());
    const auto last = std::max(line.rfind(' '), first);
    target_ = first < last ? line.substr(first + 1, last - first - 1) : "/";
    head_only_ = line.starts_with("HEAD ");
    echo_ = target_.starts_with("/echo");
    old_version_ = line.ends_with("HTTP/1.0");
    const auto connection = field(request_, "Connection");
    keep_ = old_version_ ? contains_word(connection, "keep-alive") : !contains_word(connection, "close");
    ++requests_;
    ++behaviour_.served;
    if (behaviour_.stopping || requests_ == behaviour_.max_requests) {
        keep_ = false;
    }
    if (behaviour_.journal >= 0) {
        const std::string entry = std::string(line.substr(0, last)) + "\n";
        [[maybe_unused]] const auto written = write(behaviour_.journal, entry.data(), entry.size());
    }
    chunked_ = contains_word(field(request_, "Transfer-Encoding"), "chunked") ? Chunked::size : Chunked::no;
    body_left_ = chunked_ == Chunked::no ? leading_number(field(request_, "Content-Length")) : 0;
    if (contains_word(field(request_, "Expect"), "100-continue")) {
        out_ = "HTTP/1.1 100 Continue\r\n\r\n";
    }
    state_ = State::body;
    wake_at_ = Clock::time_point::max();
    if (body_left_ == 0 && chunked_ == Chunked::no) {
        answer(now);
    }
    return true;
}

// Takes what is there of the body; true when it has ended.
bool OriginConnection::read_body() {
    while (chunked_ != Chunked::no || body_left_ > 0) {
        if (in_.empty()) {
            return false;
        }
        if (chunked_ == Chunked::no || chunked_ == Chunked::data) {
            const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, in_.size()));
            if (echo_ && request_.size() < echo_bytes_max) {
                request_.append(in_, 0, take);
            }
            in_.erase(0, take);
            body_left_ -= take;
            if (chunked_ == Chunked::data && body_left_ == 0) {
                chunked_ = Chunked::data_end;
            }
        } else if (!read_chunk_line()) {
            return false;
        }
    }
    return true;
}

bool OriginConnection::read_chunk_line() {
    const auto end = in_.find("\r\n");
    if (end == std::string::npos) {
        return false;
    }
    if (chunked_ == Chunked::size) {
        std::from_chars(in_.data(), in_.data() + end, body_left_, 16);
        chunked_ = body_left_ > 0 ? Chunked::data : Chunked::trailer;
    } else if (chunked_ == Chunked::data_end) {
        chunked_ = Chunked::size;
    } else if (end == 0) {
        chunked_ = Chunked::no;
    }
    in_.erase(0, end + 2);
    return true;
}

void OriginConnection::answer(Clock::time_point now) {
    auto delay = behaviour_.delay;
    if (target_.starts_with("/slow/")) {
        delay += std::chrono::milliseconds(leading_number(std::string_view(target_).substr(6)));
    }
    if (delay.count() > 0) {
        state_ = State::delayed;
        wake_at_ = now + delay;
        return;
    }
    answer_path(target_, now);
}

void OriginConnection::answer_path(std::string_view path, Clock::time_point now) {
    state_ = State::head;
    wake_at_ = Clock::time_point::max();
    if (path.starts_with("/b/") || path.starts_with("/c/")) {
        sized(leading_number(path.substr(3)), path[1] == 'c');
    } else if (path.starts_with("/status/")) {
        const auto code = path.substr(8, 3);
        text(std::string(code) + " Status", code);
    } else if (echo_) {
        text("200 OK", request_);
    } else if (path == "/count") {
        text("200 OK", std::to_string(behaviour_.served - 1) + "\n");
    } else if (path == "/hang") {
        state_ = State::hanging;
    } else if (path == "/close") {
        state_ = State::closing;
    } else if (path == "/reset") {
        reset();
    } else if (path.starts_with("/eof/")) {
        keep_ = false;
        head("200 OK", "");
        slab_left_ = leading_number(path.substr(5));
    } else if (path.starts_with("/drip/")) {
        const auto every = path.find('/', 6);
        drips_left_ = leading_number(path.substr(6));
        drip_every_ = std::chrono::milliseconds(every == std::string_view::npos ? 10 : leading_number(path.substr(every + 1)));
        out_ += "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        state_ = State::dripping;
        wake_at_ = now;
    } else if (path == "/upgrade" && !field(request_, "Upgrade").empty()) {
        out_ +=
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: " + std::string(field(request_, "Upgrade")) + "\r\n\r\n";
        state_ = State::tunnel;
    } else {
        text("200 OK", behaviour_.name + "\n");
    }
}

void OriginConnection::head(std::string_view status, std::string_view length_field) {
    out_ += "HTTP/1.1 ";
    out_ += status;
    out_ += "\r\nContent-Type: text/plain\r\nX-Origin: ";
    out_ += behaviour_.name;
    out_ += keep_ ? (old_version_ ? "\r\nConnection: keep-alive\r\n" : "\r\n") : "\r\nConnection: close\r\n";
    out_ += length_field;
    out_ += "\r\n";
}

void OriginConnection::text(std::string_view status, std::string_view body) {
    if (status.starts_with("204") || status.starts_with("304")) {
        head(status, "");
        return;
    }
    head(status, "Content-Length: " + std::to_string(body.size()) + "\r\n");
    if (!head_only_) {
        out_ += body;
    }
}

void OriginConnection::sized(std::uint64_t bytes, bool chunked) {
    if (!chunked) {
        head("200 OK", "Content-Length: " + std::to_string(bytes) + "\r\n");
        slab_left_ = head_only_ ? 0 : bytes;
        return;
    }
    if (old_version_) {  // has no chunks: the body ends with the connection
        keep_ = false;
        head("200 OK", "");
        slab_left_ = head_only_ ? 0 : bytes;
        return;
    }
    head("200 OK", "Transfer-Encoding: chunked\r\n");
    if (head_only_) {
        return;
    }
    chunks_left_ = bytes;
    if (bytes == 0) {
        out_ += "0\r\n\r\n";
    }
}

void OriginConnection::drip(Clock::time_point now) {
    if (drips_left_ == 0) {
        out_ += "0\r\n\r\n";
        state_ = State::head;
        wake_at_ = Clock::time_point::max();
        return;
    }
    const std::string event = "data: " + std::to_string(drips_left_--) + "\n\n";
    out_ += hex(event.size()) + "\r\n" + event + "\r\n";
    wake_at_ = now + drip_every_;
}

void OriginConnection::reset() {
    const linger at_once{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    state_ = State::closing;
}

}  // namespace cardea::load
