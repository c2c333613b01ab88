#include "proxy/observe/metrics.hpp"

namespace cardea::observe {

std::string_view name_of(Limit limit) {
    static constexpr std::array<std::string_view, static_cast<std::size_t>(Limit::count_)> names{
        "max_connections",
        "descriptors",
        "client_max_connections",
        "requests_per_connection",
        "connection_age",
        "header_timeout",
        "first_byte_timeout",
        "idle_timeout",
        "body_timeout",
        "body_rate",
        "write_timeout",
        "write_rate",
        "half_close_timeout",
        "linger_time",
        "linger_bytes",
        "max_pending",
        "max_buffered",
        "max_queue_time",
        "max_pipes",
        "response_max_headers",
        "response_max_header_count",
        "response_max_interim",
        "chunked_max_extensions",
        "chunked_max_trailers",
        "continue_timeout",
        "tunnel_idle",
    };
    return names[static_cast<std::size_t>(limit)];
}

}  // namespace cardea::observe
