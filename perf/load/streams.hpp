#pragma once
// WebSockets (any upgraded tunnel) and event streams that stay open: a tunnel says a line now and then and waits for its echo,
// an event stream must not fall silent. One that ends is written down with its origin and opened again. One thread.

#include "perf/load/diary.hpp"
#include "perf/load/response_reader.hpp"
#include "perf/load/sockets.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::load {

struct StreamPlan {
    SocketAddress target{};
    std::size_t tunnels{0}, events{0};
    std::string fields{};
    Clock::duration every{std::chrono::milliseconds(500)};  ///< between two lines or events
    Clock::duration timeout{std::chrono::seconds(10)};      ///< of silence
};

class Streams final {
public:
    Streams(const StreamPlan& plan, int epoll, Diary& diary);
    ~Streams();
    Streams(const Streams&) = delete;
    Streams& operator=(const Streams&) = delete;

    void tick(Clock::time_point now);
    /// Says what is still open, so that a reader of the diary knows that it was.
    void finish();

private:
    struct Stream final : Watched {
        void on_event(std::uint32_t events) override { home->on_event(*this, events); }
        Streams* home{};
        std::uint64_t number{0};
        int socket{-1};
        bool tunnel{false}, connected{false}, open{false}, ended{false};  ///< ended: an event stream, with its last chunk
        Clock::time_point heard_at{}, speak_at{}, not_before{};
        std::string awaited{};  ///< of the echo
        std::uint64_t lines{0};
        ResponseReader reader{};
    };

    void connect(Stream& stream, Clock::time_point now);
    void on_event(Stream& stream, std::uint32_t events);
    bool hear(Stream& stream, std::string_view bytes);  ///< false when it was not what had to come
    void speak(Stream& stream, Clock::time_point now);
    void lost(Stream& stream, std::string_view why);
    void note(const Stream& stream, std::string_view what, std::string_view why);

    const StreamPlan& plan_;
    int epoll_;
    Diary& diary_;
    std::deque<Stream> streams_{};
    std::vector<char> buffer_;
};

}  // namespace cardea::load
