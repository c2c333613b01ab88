#pragma once
// What belongs to one connection and never goes to the next (RFC 9110 section 7.6.1). Pure, no allocation; any thread.

#include "proxy/http/fields.hpp"

#include <string_view>

namespace cardea::http {

/// What the Connection fields of one message say, all lines taken together.
struct ConnectionOptions {
    bool close{false};
    bool keep_alive{false};
    bool upgrade{false};
    bool names_fields{false};  ///< a field that would go on is listed, to be removed from the message and its trailers
};
/// Looking up every field among every option costs their product, so the options of one message are few or it is refused. No
/// key: nobody sends more than three, and client.max_headers bounds the rest.
inline constexpr unsigned max_connection_options = 32;
/// False when there are more than max_connection_options.
[[nodiscard]] bool read_connection(const Fields& fields, ConnectionOptions& out);

/// Fields that end at this proxy whatever Connection says. Framing is among them because it is written anew.
[[nodiscard]] constexpr bool is_hop_by_hop(FieldId id) {
    return id == FieldId::content_length || id == FieldId::transfer_encoding ||
           (id >= FieldId::connection && id <= FieldId::proxy_authorization);
}

/// HTTP/2 in clear text is not ours to speak, and passing the offer on lets an origin leave HTTP/1 behind our back.
[[nodiscard]] bool offers_http2(std::string_view protocols);

/// True when an answer's Upgrade names protocols of the request's offer and no others (RFC 9110 section 7.8). Case does not matter.
[[nodiscard]] bool upgrades_as_offered(const Fields& answer, std::string_view offer);

/// True when a Connection field lists that name. Never for a field that other parties rely on: a client could otherwise
/// have Host or what we tell about the client taken away.
[[nodiscard]] bool named_by_connection(const Fields& fields, const Field& field);

}  // namespace cardea::http
