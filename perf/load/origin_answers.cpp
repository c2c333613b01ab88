#include "perf/load/origin_connection.hpp"
#include "perf/load/origin_text.hpp"

#include <algorithm>

namespace cardea::load {

void OriginConnection::answer_path(std::string_view path, Clock::time_point now) {
    state_ = State::head;
    wake_at_ = Clock::time_point::max();
    if (path.starts_with("/b/") || path.starts_with("/c/")) {
        sized(leading_number(path.substr(3)), path[1] == 'c');
    } else if (path.starts_with("/key/")) {
        answer_key(path.substr(5));
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
        out_ +=
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Origin: " + behaviour_.name + "\r\nTransfer-Encoding: chunked\r\n\r\n";
        state_ = State::dripping;
        wake_at_ = now;
    } else if (path == "/upgrade" && !field(request_, "Upgrade").empty()) {
        out_ += "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: " + std::string(field(request_, "Upgrade")) +
                "\r\nX-Origin: " + behaviour_.name + "\r\n\r\n";
        state_ = State::tunnel;
    } else {
        text("200 OK", behaviour_.name + "\n");
    }
}

// `KEY/N`: the name, the key, and what came as the body, in one line, and N bytes after it.
void OriginConnection::answer_key(std::string_view rest) {
    const auto slash = std::min(rest.find('/'), rest.size());
    const auto more = slash < rest.size() ? leading_number(rest.substr(slash + 1)) : 0;
    const auto line =
        behaviour_.name + " " + std::string(rest.substr(0, slash)) + " " + std::to_string(body_bytes_) + " " + body_sum_.text() + "\n";
    head("200 OK", "Content-Length: " + std::to_string(line.size() + more) + "\r\n");
    if (!head_only_) {
        out_ += line;
        slab_left_ = more;
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
