#pragma once
// Takes an HTTP/1 body apart, one read at a time, without copying (RFC 9112 sections 6 and 7): chunk framing is checked and
// dropped, never passed on. Sans-I/O; allocates only when a trailer field comes. One worker.

#include "config/limits.hpp"
#include "proxy/http/head.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace cardea::http1 {

class BodyReader {
public:
    BodyReader() = default;
    /// `limits` must live as long as this.
    explicit BodyReader(http::Framing framing, const config::ChunkedLimits& limits = usual_limits);
    static constexpr config::ChunkedLimits usual_limits{};

    enum class State : std::uint8_t { more, done, failed };
    struct Step {
        std::size_t consumed{0};   ///< bytes of the input that are spent, framing included
        std::string_view data{};   ///< payload inside those bytes; may be empty (framing only)
        State state{State::more};  ///< failed: malformed chunk or trailer; the connection must go
    };
    /// Takes at least one byte unless the body is done; call again with the rest while `consumed` < input and `more`.
    /// Framing behind the data is taken along, so that one call is enough for a body that came in one chunk.
    [[nodiscard]] Step read(std::string_view input);
    [[nodiscard]] bool done() const { return part_ == Part::done; }
    /// Failed, but not malformed: its trailer section is larger than is taken.
    [[nodiscard]] bool oversized() const { return part_ == Part::oversized; }
    /// Failed by chunk extensions that are longer than is taken.
    [[nodiscard]] bool overextended() const { return part_ == Part::overextended; }
    /// The peer closed: fine for until_close, else the body is cut short.
    [[nodiscard]] State on_eof();
    /// Bytes of payload still to come, for Framing::Kind::length.
    [[nodiscard]] std::optional<std::uint64_t> remaining() const {
        return kind_ == http::Framing::Kind::length ? std::optional(left_) : std::nullopt;
    }
    /// So much of a body of Framing::Kind::length has passed by. Requires: no more than remaining().
    void skip(std::uint64_t bytes) {
        left_ -= bytes;
        part_ = left_ == 0 ? Part::done : part_;
    }
    /// Trailer section as received (field lines without the final empty line), once done, with framing, routing and trust
    /// fields removed. Empty for most.
    [[nodiscard]] std::string_view trailers() const;

private:
    /// What the next byte belongs to.
    enum class Part : std::uint8_t {
        size,
        blank,
        extension_begin,
        extension_name,
        extension_name_end,
        extension_value_begin,
        extension_value,
        extension_quoted,
        extension_escaped,
        extension_end,
        size_lf,
        data,
        data_cr,
        data_lf,
        trailer,
        done,
        failed,
        overextended,
        oversized
    };
    struct Trailers;
    struct FreeTrailers {
        void operator()(Trailers* trailers) const;
    };

    Step read_chunked(std::string_view input);
    void framing_byte(char c);
    void size_byte(char c);
    void extension_byte(char c);
    void end_of_size();
    void trailer_byte(char c);
    [[nodiscard]] State state() const;

    std::uint64_t left_{0};             ///< of the body (length) or of the chunk
    std::uint32_t extension_bytes_{0};  ///< of the whole body
    std::uint32_t chunk_extension_{0};  ///< of this chunk
    std::uint8_t digits_{0};            ///< of this chunk's size
    http::Framing::Kind kind_{http::Framing::Kind::none};
    Part part_{Part::done};
    char before_{0};  ///< last byte of the trailer section's current line, to pair CR with LF
    std::unique_ptr<Trailers, FreeTrailers> trailers_{};
    const config::ChunkedLimits* limits_{&usual_limits};
};
static_assert(sizeof(BodyReader) <= 64);

}  // namespace cardea::http1
