#pragma once
// One direction of a body: taken apart as it came in, framed anew as it goes out, payload never copied. One worker.

#include "proxy/http1/body_reader.hpp"
#include "proxy/http1/serializer.hpp"
#include "proxy/net/block_pool.hpp"
#include "proxy/net/inlet.hpp"
#include "proxy/net/scratch.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace cardea::proxy {

class BodyRelay {
public:
    using State = http1::BodyReader::State;
    BodyRelay() = default;
    /// `out` is the framing towards the other side: its length, chunked, or bare bytes until close. Without `trailers` these are
    /// dropped: what Connection names must not go on in them either (RFC 9110 section 7.6.1). `limits` must live as long as this.
    BodyRelay(http::Framing in, http::Framing::Kind out, bool trailers,
              const config::ChunkedLimits& limits = http1::BodyReader::usual_limits)
        : reader_(in, limits), out_(out), trailers_(trailers) {}

    /// What one step added to the pieces.
    struct Taken {
        std::size_t payload{0};         ///< bytes
        std::size_t first{0}, last{0};  ///< the payload's pieces, [first, last)
        State state{State::more};
    };
    /// Takes what it can from the inlet, as far as there is room for pieces; the end of the body brings its last chunk and
    /// trailers. Pieces point into the inlet and into this object until they are sent.
    [[nodiscard]] Taken take(net::Inlet& from, net::Pieces& to);
    /// The sender closed: `done` for a body that ends so (adds the last chunk), else `failed`.
    [[nodiscard]] State on_eof(net::Pieces& to);
    [[nodiscard]] bool done() const { return reader_.done(); }
    /// Of payload still to come, when the body said its length.
    [[nodiscard]] std::optional<std::uint64_t> remaining() const { return reader_.remaining(); }
    /// So much payload went by without coming in here. Requires: the length is known, and no more than remaining().
    void pass(std::uint64_t bytes) { reader_.skip(bytes); }
    [[nodiscard]] bool oversized() const { return reader_.oversized(); }
    [[nodiscard]] bool overextended() const { return reader_.overextended(); }
    [[nodiscard]] bool ends_by_close() const { return out_ == http::Framing::Kind::until_close; }
    /// Payload kept from an earlier attempt, framed like the rest.
    void add_kept(std::string_view payload, net::Pieces& to);

private:
    void add_end(net::Pieces& to, bool after_payload) const;
    http1::BodyReader reader_{};
    http::Framing::Kind out_{http::Framing::Kind::none};
    bool trailers_{true};
    std::array<char, 20> chunk_room_{}, kept_room_{};
};

/// Request payload kept so that it can be sent again, up to a limit.
class Replay {
public:
    Replay(net::BlockPool& blocks, std::size_t limit) : blocks_(&blocks), limit_(limit) {}
    /// Adds payload pieces; beyond the limit everything is given up.
    void keep(std::span<const iovec> payload);
    /// From now on what passes is not kept: the request cannot be repeated once some of it was sent.
    void give_up();
    [[nodiscard]] bool whole() const { return whole_; }  ///< everything taken from the client so far is here
    [[nodiscard]] std::string_view bytes() const { return {block_.data(), size_}; }

private:
    net::BlockPool* blocks_;
    net::Block block_;
    std::size_t limit_;
    std::size_t size_{0};
    bool whole_{true};
};

}  // namespace cardea::proxy
