#pragma once
// Reads one HTTP/1.1 response after the other out of bytes as they come: enough to know where each ends and what it said.
// Strict where a proxy could go wrong (framing), indifferent elsewhere. No sockets. One thread.

#include <cstdint>
#include <string>
#include <string_view>

namespace cardea::load {

class ResponseReader {
public:
    enum class Outcome { more, done, malformed };

    void start(bool head_only);            ///< before each response; `head_only` after HEAD
    Outcome feed(std::string_view bytes);  ///< bytes after the end of a response are malformed
    Outcome end();                         ///< the peer closed: done when that is how the body ends

    [[nodiscard]] int status() const { return status_; }
    [[nodiscard]] bool keep() const { return keep_; }                          ///< the connection may be used again
    [[nodiscard]] bool begun() const { return begun_; }                        ///< a byte has come
    [[nodiscard]] std::string_view body_start() const { return body_start_; }  ///< its first 64 bytes
    [[nodiscard]] std::string_view origin() const { return origin_; }          ///< X-Origin of the last head, in lower case
    [[nodiscard]] std::string_view reason() const { return reason_; }          ///< X-Cardea-Reason of the last head
    [[nodiscard]] std::uint64_t body_bytes() const { return body_bytes_; }

private:
    enum class State { head, length, to_end, chunk_size, chunk_data, chunk_end, trailer, done };

    bool read_head();
    Outcome body(std::string_view bytes);
    std::size_t take_data(std::string_view bytes);
    bool chunk_line(char next);

    State state_{State::head};
    std::string line_{};  ///< the head, or the current chunk line
    std::string body_start_{}, origin_{}, reason_{};
    std::uint64_t left_{0}, body_bytes_{0};
    int status_{0};
    bool keep_{true}, begun_{false}, head_only_{false};
};

}  // namespace cardea::load
