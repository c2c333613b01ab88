#pragma once
// What a client and a response may cost, with the keys' names and the reasons of the defaults. Values only; any thread may read.

#include "config/units.hpp"

#include <cstdint>

namespace cardea::config {

using namespace std::chrono_literals;

/// What may come around the payload of a chunked body (RFC 9112 section 7.1). Nobody needs any of it, and no peer bounds the sums.
struct ChunkedLimits {
    Bytes max_trailers{8ULL << 10};       ///< the whole trailer section
    std::uint32_t max_trailer_count{32};  ///< fields of it
    Bytes max_extension{256};             ///< chunk extensions of one chunk,
    Bytes max_extensions{16ULL << 10};    ///< and of all chunks of a body
    friend bool operator==(const ChunkedLimits&, const ChunkedLimits&) = default;
};

/// What one client may cost. RFC 9110/9112 give the minima; reliability.md section 7 the defaults.
struct ClientLimits {
    Duration header_timeout{10s};      ///< whole head, from its first byte: slowloris
    Duration first_byte_timeout{10s};  ///< first byte of a fresh connection
    Duration idle_timeout{75s};        ///< between requests: nginx's default, which clients are tuned to
    Duration body_timeout{20s};        ///< between two reads of a request body
    Duration write_timeout{20s};       ///< between two writes that make progress
    Duration half_close_timeout{5s};   ///< for the answer, once a client has ended its side: nearly always it is gone
    /// Of a connection that ends while its client may still be sending: that long, and so much, is read and thrown away after the
    /// answer, because a reset would take the answer along (RFC 9112 section 9.6). Who is to read it has done so by then
    Duration linger_time{1s};
    Bytes linger_bytes{64ULL << 10};
    Bytes max_request_line{16ULL << 10};  ///< 414 above; RFC 9112 section 3 asks for >= 8000
    Bytes max_headers{32ULL << 10};       ///< whole head; 431 above
    Bytes max_header_line{16ULL << 10};   ///< one field, name and value; 431 above. Few origins take more than 8 KiB
    std::uint32_t max_header_count{100};  ///< 431 above
    Bytes max_body{128ULL << 20};         ///< 413 above; streamed, never held
    ChunkedLimits chunked{};              ///< of request bodies; 431 above for trailers, 400 for extensions
    Bytes min_rate{500};                  ///< a second, of a request's body and of what is taken of an answer; 0 = `off`
    Duration body_grace{10s};             ///< how far a body may lag behind min_rate: Apache's reqtimeout has the same shape
    Duration write_grace{30s};            ///< how far a client may lag in taking what we have for it
    /// From one address (IPv6: one /64), over all listeners: an office behind one address stays below it, one host alone cannot
    /// take every place. Not for loopback, unix sockets and trusted_proxies. 0 = `unlimited`
    std::uint32_t max_connections{1024};
    std::uint32_t requests_per_connection{0};  ///< then the answer says Connection: close; 0 = `unlimited`
    Duration connection_age{0s};               ///< the answer after that says Connection: close; 0 = `unlimited`
    friend bool operator==(const ClientLimits&, const ClientLimits&) = default;
};

/// What a response may be before it is one we do not understand: 502, and its connection ends.
struct ResponseLimits {
    /// One head. Twice what HAProxy takes, four times what nginx does; a client that is slow may have that much held for it
    Bytes max_headers{32ULL << 10};
    std::uint32_t max_header_count{200};
    std::uint32_t max_interim{32};  ///< 1xx responses before the final one
    ChunkedLimits chunked{};
    friend bool operator==(const ResponseLimits&, const ResponseLimits&) = default;
};

}  // namespace cardea::config
