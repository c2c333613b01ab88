#pragma once
// The control plane's own HTTP/1.1 client: providers, probes and name-less sockets alike. Plain or TLS, TCP or unix,
// kept-alive connections per place. Control thread only; callbacks never run inside the call that started them.

#include "config/config.hpp"
#include "discovery/action.hpp"
#include "proxy/control/loop.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cardea::control {

/// Where a request goes. Places with equal keys share kept-alive connections.
struct Place {
    config::Address address{};  ///< a name is resolved at each connect
    config::TlsClient tls{};
    [[nodiscard]] std::string key() const;
    [[nodiscard]] std::string host() const;  ///< value of a Host field
};

struct OutboundRequest {
    std::string method{"GET"};
    std::string target{"/"};          ///< origin-form
    discovery::HeaderList headers{};  ///< Connection, Content-Length and Accept-Encoding are ours; Host when it is not here
    std::string body{};
    config::Duration connect_timeout{2000};
    config::Duration timeout{10000};  ///< whole exchange; of a stream: until its head
    std::uint64_t max_body_bytes{32ULL << 20};
    bool gzip{false};         ///< offer gzip and decode it
    bool fresh{false};        ///< on a connection of its own, closed afterwards
    bool body_matters{true};  ///< false: `done` comes with the head, and what has not come with it is not waited for
};

struct Answer {
    int status{0};
    discovery::HeaderList headers{};  ///< names in lower case
    std::string body{};
};

struct OutboundFailure {
    enum class Kind : std::uint8_t {
        unresolved,
        refused,
        unreachable,
        starved,  ///< we have no descriptor or no memory for a socket: says nothing of the peer
        timed_out,
        tls,
        closed,
        malformed,
        too_long,
    };
    Kind kind{Kind::closed};
    std::string reason{};  ///< `connect to 10.0.0.5:80: Connection refused`
};

struct StreamCallbacks {
    std::function<void(int status, const discovery::HeaderList& headers)> opened{};
    std::function<void(std::string_view bytes)> data{};
    std::function<void(std::string reason)> ended{};  ///< empty for an orderly end; nothing follows
};

/// Finds the addresses of a name: calls back later with a list, or with a reason.
using Resolve = std::function<void(const std::string& name, std::function<void(config::Result<std::vector<config::IpAddress>>)> done)>;

class Outbound {
public:
    using Id = std::uint64_t;
    using Done = std::function<void(tl::expected<Answer, OutboundFailure>)>;
    using Held = std::function<void(tl::expected<void, OutboundFailure>)>;

    Outbound(Loop& loop, Resolve resolve);
    ~Outbound();
    Outbound(const Outbound&) = delete;
    Outbound& operator=(const Outbound&) = delete;

    /// A whole answer; an exchange on a kept-alive connection that turns out to be dead is repeated once on a new one.
    Id fetch(const Place& place, OutboundRequest request, Done done);
    /// An answer without end.
    Id open(const Place& place, OutboundRequest request, StreamCallbacks callbacks);
    /// Connects, says nothing, and is content when the peer has not closed after `hold`.
    Id touch(const Place& place, config::Duration connect_timeout, config::Duration hold, Held done);
    /// No callback follows. Unknown ids are ignored.
    void cancel(Id id);
    /// Ends everything without callbacks.
    void stop();

    [[nodiscard]] std::size_t idle_connections() const;

private:
    class Pool;
    std::shared_ptr<Pool> pool_;
};

}  // namespace cardea::control
