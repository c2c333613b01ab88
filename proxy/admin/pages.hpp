#pragma once
// What the admin door answers: one request in, one answer out, no sockets. Control thread.

#include "config/config.hpp"
#include "discovery/journal.hpp"
#include "proxy/control/control.hpp"
#include "proxy/observe/log.hpp"
#include "proxy/observe/metrics.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::admin {

/// The parts of a request that matter here. Views live as long as the request.
struct Request {
    std::string_view method{};
    std::string_view path{};       ///< without query
    std::string_view query{};      ///< without `?`
    std::string_view accept{};     ///< Accept field
    std::string_view last_id{};    ///< Last-Event-ID field
    std::string_view authority{};  ///< Host as received
    std::string_view host{};       ///< of it, without port and brackets
    std::string_view origin{};     ///< Origin field; absent when data() is null
    bool over_unix_socket{false};
};

/// The answer does not end: the journal from here on, as server-sent events.
struct Follow {
    std::uint64_t after{0};  ///< ids above
    bool resumed{false};     ///< the reader has named that id
    bool started{false};     ///< has seen something of the journal
    std::string service{};   ///< empty: everything
    config::WallTime since{config::WallTime::min()};
};

struct Answer {
    std::uint16_t status{200};
    std::string type{"application/json"};
    std::string body{};
    std::string allow{};  ///< of a 405
    std::optional<Follow> follow{};
};

/// Who is at the door.
struct DoorCounts {
    std::size_t followers{0};              ///< readers of the event stream
    std::uint64_t followers_dropped{0};    ///< too slow
    std::uint64_t connections_refused{0};  ///< admin.max_connections
    std::uint64_t followers_refused{0};    ///< admin.max_followers
    std::uint64_t requests_too_long{0};    ///< admin.max_request
};

/// What there is to tell about. Everything pointed to outlives the pages.
struct Facts {
    control::Control* control{nullptr};
    const discovery::Journal* journal{nullptr};
    std::function<std::uint64_t()> journal_lost{};                                    ///< entries that did not reach the disk
    std::function<std::uint64_t()> access_log_lost{[] { return std::uint64_t{0}; }};  ///< lines that its output refused
    std::vector<const observe::WorkerMetrics*> workers{};
    std::function<DoorCounts()> door{};  ///< its own, set by it
    const observe::Log* log{nullptr};
    config::WallTime started{};
    std::function<config::Result<std::string>()> reload{};  ///< reads the configuration again; says what changed or why not
};

class Pages {
public:
    explicit Pages(Facts facts) : facts_(std::move(facts)) {}
    [[nodiscard]] const Facts& facts() const { return facts_; }
    /// Never fails: what cannot be answered is an answer too, as `{"error": …}`.
    [[nodiscard]] Answer answer(const Request& request, config::WallTime now) const;

private:
    [[nodiscard]] Answer readyz() const;
    [[nodiscard]] Answer metrics(config::WallTime now) const;
    [[nodiscard]] Answer events(const Request& request, config::WallTime now) const;
    [[nodiscard]] Answer history(const Request& request, const std::string& service, config::WallTime now) const;
    [[nodiscard]] Answer drain(const Request& request, const std::string& endpoint, bool on) const;
    [[nodiscard]] Answer version() const;
    [[nodiscard]] Answer reload() const;

    Facts facts_;
};

/// Whether a request to the TCP door may be answered at all. Web pages reach 127.0.0.1 through a visitor's browser: by a
/// name that resolves to it (so Host must be an address or `localhost`), or by a form (so Origin must be this door).
[[nodiscard]] bool from_this_machine(const Request& request);

}  // namespace cardea::admin
