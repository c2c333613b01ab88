#include "perf/load/origin_connection.hpp"

#include "perf/load/origin_text.hpp"

#include <sys/uio.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

namespace cardea::load {

namespace {

constexpr std::size_t slab_bytes = 1 << 20;
constexpr std::size_t chunk_bytes = std::size_t{16} * 1024;
constexpr std::size_t head_bytes_max = std::size_t{256} * 1024;
constexpr std::size_t echo_bytes_max = 8 << 20;

char* slab() {
    static const auto filler = [] {
        static std::array<char, slab_bytes> bytes;
        bytes.fill('x');
        return bytes.data();
    }();
    return filler;
}

bool contains_word(std::string_view value, std::string_view word) {
    return std::ranges::search(value, word, [](char a, char b) { return (a | 0x20) == (b | 0x20); }).begin() != value.end();
}

}  // namespace

void Behaviour::write_down(std::string_view what) const {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto entry =
        std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(now).count()) + " " + name + " " + std::string(what) + "\n";
    [[maybe_unused]] const auto written = write(journal, entry.data(), entry.size());
}

OriginConnection::OriginConnection(int socket, Behaviour& behaviour) : socket_(socket), behaviour_(behaviour) {
    no_delay(socket);
}

OriginConnection::~OriginConnection() {
    close(socket_);
}

bool OriginConnection::idle() const {
    return state_ == State::head && in_.empty() && out_sent_ == out_.size() && slab_left_ == 0 && chunks_left_ == 0 && !last_chunk_due_;
}

void OriginConnection::end_stream() {
    if (state_ == State::dripping) {
        drips_left_ = 0;
        wake_at_ = Clock::time_point::min();
        keep_ = false;
    } else if (state_ == State::tunnel) {
        state_ = State::closing;
    }
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
    std::array<char, std::size_t{64} * 1024> buffer;
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
            if (behaviour_.journal >= 0) {
                behaviour_.write_down("body " + target_);
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
    keyed_ = target_.starts_with("/key/");
    old_version_ = line.ends_with("HTTP/1.0");
    const auto connection = field(request_, "Connection");
    keep_ = old_version_ ? contains_word(connection, "keep-alive") : !contains_word(connection, "close");
    ++requests_;
    ++behaviour_.served;
    if (behaviour_.stopping || requests_ == behaviour_.max_requests) {
        keep_ = false;
    }
    if (behaviour_.journal >= 0) {
        behaviour_.write_down("request " + std::string(line.substr(0, last)));
    }
    body_sum_ = {};
    body_bytes_ = 0;
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
            if (keyed_) {
                body_sum_.add(std::string_view(in_).substr(0, take));
                body_bytes_ += take;
            }
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

}  // namespace cardea::load
