#pragma once
// One connection to the demo and load-test origin: reads requests one after the other, drains their bodies, answers by
// path. Owned by the origin's loop; one thread. A target for tests and load, not a model of a strict server: it believes
// what it is sent.

#include "perf/load/checksum.hpp"
#include "perf/load/sockets.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cardea::load {

/// What every answer of this origin looks like.
struct Behaviour {
    std::string name{};                        ///< the body of `/`
    std::chrono::nanoseconds delay{0};         ///< service time of each request
    std::chrono::nanoseconds idle_timeout{0};  ///< closes a connection that is idle this long; 0 = never
    std::uint64_t max_requests{0};             ///< per connection, then `Connection: close`; 0 = no limit
    int journal{-1};                           ///< file that gets a line for each request; -1 = none
    bool stopping{false};                      ///< finish what is in flight, keep no connection
    std::uint64_t served{0};
    bool goodbye{false};  ///< stopping ends tunnels and event streams, too

    /// Appends `TIME NAME WHAT` to the journal, TIME in microseconds since 1970; whole, whoever else writes to the file.
    void write_down(std::string_view what) const;
};

class OriginConnection final {
public:
    enum class Next { wait, close };

    OriginConnection(int socket, Behaviour& behaviour);
    ~OriginConnection();
    OriginConnection(const OriginConnection&) = delete;
    OriginConnection& operator=(const OriginConnection&) = delete;

    /// The socket is readable or writable, or the time of wake_at() has come.
    Next on_event(Clock::time_point now, bool peer_closing);
    [[nodiscard]] Clock::time_point wake_at() const { return wake_at_; }  ///< max() = not interested
    [[nodiscard]] bool idle() const;                                      ///< between two requests, nothing to send
    void end_stream();                                                    ///< a tunnel or an event stream ends, whole
    [[nodiscard]] int socket() const { return socket_; }

private:
    enum class State { head, body, delayed, dripping, hanging, tunnel, closing };

    bool flush();                      ///< false when the socket is full
    bool next_piece();                 ///< the next chunk of a chunked body; false when there is none
    bool receive(bool to_the_end);     ///< false when the peer has closed its side
    bool step(Clock::time_point now);  ///< false when it needs input, output or time
    bool read_head(Clock::time_point now);
    bool read_body();
    bool read_chunk_line();
    void answer(Clock::time_point now);
    void answer_key(std::string_view rest);
    void answer_path(std::string_view path, Clock::time_point now);
    void head(std::string_view status, std::string_view length_field);
    void text(std::string_view status, std::string_view body);
    void sized(std::uint64_t bytes, bool chunked);
    void drip(Clock::time_point now);
    void reset();

    int socket_;
    Behaviour& behaviour_;
    State state_{State::head};
    Clock::time_point wake_at_{Clock::time_point::max()};

    std::string in_{};       ///< received, not yet understood
    std::string request_{};  ///< head of the current request, and its body when the path is /echo
    std::string target_{};
    Checksum body_sum_{};
    std::uint64_t body_bytes_{0};
    bool head_only_{false}, old_version_{false}, keep_{true}, echo_{false}, keyed_{false}, peer_closed_{false};
    std::uint64_t requests_{0};
    std::uint64_t body_left_{0};  ///< of the request's body, or of its current chunk
    enum class Chunked { no, size, data, data_end, trailer } chunked_{Chunked::no};

    std::string out_{};  ///< to be sent before slab bytes
    std::size_t out_sent_{0};
    std::uint64_t slab_left_{0};    ///< bytes of filler after `out_`
    std::uint64_t chunks_left_{0};  ///< bytes of a chunked body not yet framed
    bool last_chunk_due_{false};
    std::uint64_t drips_left_{0};
    std::chrono::milliseconds drip_every_{0};
};

}  // namespace cardea::load
