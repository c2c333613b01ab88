#pragma once
// What a provider may ask of the world. proxy/control/provider_driver performs it; tests read it. Plain values.

#include "discovery/bounds.hpp"
#include "discovery/endpoint.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace cardea::discovery {

using Ticket = std::uint64_t;  ///< chosen by the provider, unique for its life; names one fetch or stream

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// One HTTP request with a whole answer (Event: Answered or Failed, exactly one of them, unless cancelled).
struct Fetch {
    Ticket ticket{0};
    std::size_t peer{0};  ///< which of the source's addresses
    std::string method{"GET"};
    std::string target{};  ///< origin-form
    HeaderList headers{};  ///< Host, Accept-Encoding and Connection are the driver's
    std::string body{};
    config::Duration timeout{};                      ///< whole exchange
    std::uint64_t max_body_bytes{answer_bytes_max};  ///< and never more than is configured
};

/// One HTTP request whose answer never ends (Events: StreamOpened, then StreamData..., then StreamEnded).
struct Open {
    Ticket ticket{0};
    std::size_t peer{0};
    std::string target{};
    HeaderList headers{};
    config::Duration connect_timeout{};  ///< to the response head; afterwards the stream may be silent
};

/// Drops a fetch or a stream; no event follows for it.
struct Cancel {
    Ticket ticket{0};
};

/// Asks for a Woken event at this time or soon after; a later WakeAt replaces an earlier one.
struct WakeAt {
    config::TimePoint when{};
};

/// May this answer take endpoints away?
enum class Evidence : std::uint8_t {
    strong,    ///< whatever it lacks is gone
    settling,  ///< the source came back a moment ago: what it has shown since then and now lacks is gone, the rest may yet return
    weak,      ///< first answer after trouble, no leader, rights in doubt: takes nothing away
    proven,    ///< strong, and the source has confirmed that we may see what the answer lacks: held ones are gone too
};

/// `strong`, `settling`, `weak`, `proven`
std::string_view to_string(Evidence evidence);

/// The whole present truth of one query: replaces what this source said of it before.
struct Publish {
    std::string query{};        ///< to_string(ConsulRef) without its source, a service name for Docker, the path of a file
    std::vector<Fact> facts{};  ///< sorted by key
    Evidence evidence{Evidence::strong};
    std::string cause{};  ///< what made it, for the journal: `index 120 -> 124`, `event die`
};

/// The source's own state, for `cardea status`, metrics and readiness.
struct SourceStatus {
    bool connected{false};
    bool synced{false};                              ///< has answered everything asked of it at least once
    std::string last_error{};                        ///< empty when connected
    std::string stale{};                             ///< why its answers may be out of date although it answers; empty when they are not
    std::string revision{};                          ///< Consul index, Docker event time
    std::map<std::string, std::uint64_t> errors{};   ///< by kind
    std::map<std::string, std::uint64_t> skipped{};  ///< entries not usable, by reason
    std::vector<std::string> notes{};                ///< problems a person should mend, at most 100
};

using Action = std::variant<Fetch, Open, Cancel, WakeAt, Publish, SourceStatus>;
using Actions = std::vector<Action>;

}  // namespace cardea::discovery
