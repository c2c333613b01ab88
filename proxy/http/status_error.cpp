#include "proxy/http/status_error.hpp"

#include <array>

namespace cardea::http {

namespace {

struct Row {
    Reason reason;
    std::uint16_t status;
    std::string_view name;
};

constexpr std::array rows{
    Row{Reason::none, 0, "none"},
    Row{Reason::bad_request, 400, "bad_request"},
    Row{Reason::bad_host, 400, "bad_host"},
    Row{Reason::bad_framing, 400, "bad_framing"},
    Row{Reason::bad_target, 400, "bad_target"},
    Row{Reason::no_route, 404, "no_route"},
    Row{Reason::method_not_allowed, 405, "method_not_allowed"},
    Row{Reason::client_timeout, 408, "client_timeout"},
    Row{Reason::body_too_large, 413, "body_too_large"},
    Row{Reason::uri_too_long, 414, "uri_too_long"},
    Row{Reason::expectation_failed, 417, "expectation_failed"},
    Row{Reason::misdirected, 421, "misdirected"},
    Row{Reason::headers_too_large, 431, "headers_too_large"},
    Row{Reason::too_many_headers, 431, "too_many_headers"},
    Row{Reason::header_line_too_long, 431, "header_line_too_long"},
    Row{Reason::internal, 500, "internal"},
    Row{Reason::not_implemented, 501, "not_implemented"},
    Row{Reason::upstream_reset, 502, "upstream_reset"},
    Row{Reason::upstream_malformed, 502, "upstream_malformed"},
    Row{Reason::upstream_closed, 502, "upstream_closed"},
    Row{Reason::no_endpoint, 503, "no_endpoint"},
    Row{Reason::connect_failed, 503, "connect_failed"},
    Row{Reason::overloaded, 503, "overloaded"},
    Row{Reason::too_many_pending, 503, "too_many_pending"},
    Row{Reason::starting, 503, "starting"},
    Row{Reason::queue_full, 503, "queue_full"},
    Row{Reason::queue_timeout, 503, "queue_timeout"},
    Row{Reason::shutting_down, 503, "shutting_down"},
    Row{Reason::first_byte_timeout, 504, "first_byte_timeout"},
    Row{Reason::response_timeout, 504, "response_timeout"},
    Row{Reason::version_not_supported, 505, "version_not_supported"},
    Row{Reason::loop_detected, 508, "loop_detected"},
    Row{Reason::client_closed, 499, "client_closed"},
};

constexpr bool every_reason_has_its_row() {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (static_cast<std::size_t>(rows[i].reason) != i) {
            return false;
        }
    }
    return rows.size() == static_cast<std::size_t>(Reason::count_);
}
static_assert(every_reason_has_its_row());

}  // namespace

std::uint16_t status_of(Reason reason) {
    return rows[static_cast<std::size_t>(reason)].status;
}

std::string_view name_of(Reason reason) {
    return rows[static_cast<std::size_t>(reason)].name;
}

}  // namespace cardea::http
