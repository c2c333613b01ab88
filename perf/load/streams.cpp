#include "perf/load/streams.hpp"

#include <sys/epoll.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>

namespace cardea::load {

namespace {

constexpr auto reopen_pause = std::chrono::milliseconds(100);
constexpr std::string_view upgrade =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

}  // namespace

Streams::Streams(const StreamPlan& plan, int epoll, Diary& diary)
    : plan_(plan), epoll_(epoll), diary_(diary), streams_(plan.tunnels + plan.events), buffer_(std::size_t{64} * 1024) {
    for (std::size_t i = 0; i < streams_.size(); ++i) {
        streams_[i].home = this;
        streams_[i].number = i;
        streams_[i].tunnel = i < plan.tunnels;
    }
}

Streams::~Streams() {
    for (auto& stream : streams_) {
        if (stream.socket >= 0) {
            close(stream.socket);
        }
    }
}

void Streams::tick(Clock::time_point now) {
    for (auto& stream : streams_) {
        if (stream.socket < 0) {
            if (now >= stream.not_before) {
                connect(stream, now);
            }
        } else if (now - stream.heard_at > plan_.timeout) {
            lost(stream, "silent");
        } else if (stream.open && stream.tunnel && stream.awaited.empty() && now >= stream.speak_at) {
            speak(stream, now);
        }
    }
}

void Streams::finish() {
    for (auto& stream : streams_) {
        if (stream.open) {
            note(stream, "kept", "");
        }
    }
}

void Streams::connect(Stream& stream, Clock::time_point now) {
    stream.reader.start(false);
    stream.connected = stream.open = stream.ended = false;
    stream.awaited.clear();
    stream.heard_at = now;
    stream.socket = start_connect(plan_.target);
    if (stream.socket < 0) {
        lost(stream, "refused");
        return;
    }
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = static_cast<Watched*>(&stream);
    epoll_ctl(epoll_, EPOLL_CTL_ADD, stream.socket, &event);
}

void Streams::on_event(Stream& stream, std::uint32_t events) {
    if (!stream.connected && (events & EPOLLOUT) != 0) {
        stream.connected = true;
        const auto every = std::chrono::duration_cast<std::chrono::milliseconds>(plan_.every).count();
        std::string head = stream.tunnel ? "GET /upgrade HTTP/1.1\r\n" : "GET /drip/1000000000/" + std::to_string(every) + " HTTP/1.1\r\n";
        head += plan_.fields;
        head += stream.tunnel ? upgrade : "Accept: text/event-stream\r\n";
        head += "\r\n";
        if (send(stream.socket, head.data(), head.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(head.size())) {
            lost(stream, "refused");
            return;
        }
    }
    while (stream.socket >= 0) {
        const auto count = recv(stream.socket, buffer_.data(), buffer_.size(), 0);
        if (count < 0 && errno == EAGAIN) {
            return;
        }
        if (count <= 0) {
            lost(stream, count == 0 ? "closed" : "reset");
        } else if (!hear(stream, {buffer_.data(), static_cast<std::size_t>(count)})) {
            lost(stream, stream.ended ? "ended" : stream.open ? "wrong" : std::to_string(stream.reader.status()));
        }
    }
}

bool Streams::hear(Stream& stream, std::string_view bytes) {
    stream.heard_at = Clock::now();
    if (stream.open && stream.tunnel) {
        const bool good = std::string_view(stream.awaited).starts_with(bytes);
        stream.awaited.erase(0, bytes.size());
        stream.speak_at = stream.heard_at + plan_.every;
        return good;
    }
    const auto outcome = stream.reader.feed(bytes);
    if (stream.open) {
        stream.ended = outcome == ResponseReader::Outcome::done;
        return outcome == ResponseReader::Outcome::more;
    }
    if (outcome == ResponseReader::Outcome::malformed ||
        (stream.reader.status() != 0 && stream.reader.status() != (stream.tunnel ? 101 : 200))) {
        return false;
    }
    if (stream.reader.status() != 0) {
        stream.open = true;
        note(stream, "open", "");
    }
    return true;
}

void Streams::speak(Stream& stream, Clock::time_point now) {
    stream.awaited = "stream " + std::to_string(stream.number) + " line " + std::to_string(++stream.lines) + "\n";
    stream.heard_at = now;  // silence counts from the question
    if (send(stream.socket, stream.awaited.data(), stream.awaited.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(stream.awaited.size())) {
        lost(stream, "reset");
    }
}

void Streams::lost(Stream& stream, std::string_view why) {
    note(stream, stream.open ? "lost" : "refused", why);
    if (stream.socket >= 0) {
        close(stream.socket);
    }
    stream.socket = -1;
    stream.open = false;
    stream.not_before = Clock::now() + reopen_pause;
}

void Streams::note(const Stream& stream, std::string_view what, std::string_view why) {
    diary_.note('S', diary_.wall(Clock::now()), stream.tunnel ? "websocket" : "sse", stream.number, what, stream.reader.origin(), why);
}

}  // namespace cardea::load
