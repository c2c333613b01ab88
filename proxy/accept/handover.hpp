#pragma once
// What the running process and the one that shall take its place say to each other: JSON texts, each a parcel of its own
// (net/parcel). The old one offers its listening sockets and what it knows; the new one answers `ready` or `failed`; the old
// one says `go`, and from then on the new one waits at the doors. Pure: no sockets in here.

#include "config/address.hpp"
#include "config/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::accept {

inline constexpr std::uint64_t handover_version = 1;  ///< another one is refused: then the old process keeps serving

struct HandoverSocket {
    enum class Use : std::uint8_t { listener, admin };
    std::uint64_t id{0};
    Use use{Use::listener};
    std::string name{};            ///< of the listener
    config::Address configured{};  ///< as the configuration has it: port 0 too
    bool foreign{false};           ///< systemd holds it as well
    friend bool operator==(const HandoverSocket&, const HandoverSocket&) = default;
};

/// A service as the old process serves it.
struct HandoverService {
    std::string name{};
    std::uint64_t eligible{0};  ///< endpoints that take requests
    friend bool operator==(const HandoverService&, const HandoverService&) = default;
};

/// An endpoint that an operator has told to leave.
struct HandoverDrain {
    std::string service{}, endpoint{};
    std::int64_t since{0};                 ///< milliseconds of Unix time
    std::vector<std::string> instances{};  ///< of its witnesses
    friend bool operator==(const HandoverDrain&, const HandoverDrain&) = default;
};

struct HandoverMessage {
    enum class Kind : std::uint8_t { offer, ready, failed, go };
    Kind kind{Kind::offer};
    std::vector<HandoverSocket> sockets{};    ///< offer: in the order of the descriptors beside it
    std::vector<std::string> sources{};       ///< offer: those that have answered
    std::vector<HandoverService> services{};  ///< offer
    std::vector<HandoverDrain> drains{};      ///< offer; none from a version that knew nothing of them
    bool last{false};                         ///< offer: no further one follows
    std::vector<std::uint64_t> claimed{};     ///< ready: ids of the sockets that are in use
    std::string why{};                        ///< failed
    friend bool operator==(const HandoverMessage&, const HandoverMessage&) = default;
};

[[nodiscard]] std::string to_text(const HandoverMessage& message);
/// Never half a message: what is missing, of another type, too many or of another version is an error that says so.
[[nodiscard]] config::Result<HandoverMessage> parse_handover(std::string_view text);

}  // namespace cardea::accept
