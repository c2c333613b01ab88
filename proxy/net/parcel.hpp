#pragma once
// Text with descriptors beside it, from one process to another: a datagram of a SOCK_SEQPACKET pair (unix(7), SCM_RIGHTS).
// Never blocks. Control thread, or before it exists.

#include "config/result.hpp"
#include "proxy/net/descriptor.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cardea::net {

inline constexpr std::size_t parcel_bytes_max = std::size_t{64} * 1024;
inline constexpr std::size_t parcel_descriptors_max = 128;  // the kernel takes up to 253 (SCM_MAX_FD)

struct Parcel {
    std::string text{};
    std::vector<Descriptor> descriptors{};  ///< close-on-exec
};

/// Both ends of a connection for parcels, close-on-exec and non-blocking.
[[nodiscard]] config::Result<std::pair<Descriptor, Descriptor>> parcel_pair();
/// Fails, sending nothing, when the other end is gone, does not read, or the parcel is too large. An empty text is no parcel.
[[nodiscard]] config::Result<void> send_parcel(int socket, std::string_view text, std::span<const int> descriptors = {});
/// Empty optional: there is none yet. A parcel with an empty text: the other end is closed. What is cut off is an error, and
/// the descriptors that came with it are closed.
[[nodiscard]] config::Result<std::optional<Parcel>> receive_parcel(int socket);

}  // namespace cardea::net
