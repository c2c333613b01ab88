#include "proxy/http/hop_by_hop.hpp"

namespace cardea::http {

namespace {

bool beyond_connection(FieldId id) {
    return id == FieldId::host || id == FieldId::via || id == FieldId::date || id == FieldId::max_forwards ||
           (id >= FieldId::forwarded && id <= FieldId::x_request_id);
}

}  // namespace

bool read_connection(const Fields& fields, ConnectionOptions& out) {
    if (!fields.has(FieldId::connection)) {
        return true;
    }
    unsigned count = 0;
    for (const auto& field : fields.all()) {
        if (field.id != FieldId::connection) {
            continue;
        }
        auto list = field.value;
        for (std::string_view option; next_member(list, option);) {
            if (++count > max_connection_options) {
                return false;
            }
            if (equals_lower(option, "close")) {
                out.close = true;
            } else if (equals_lower(option, "keep-alive")) {
                out.keep_alive = true;
            } else if (equals_lower(option, "upgrade")) {
                out.upgrade = true;
            } else if (!is_hop_by_hop(identify(option))) {  // those end here, named or not
                out.names_fields = true;
            }
        }
    }
    return true;
}

bool offers_http2(std::string_view protocols) {
    for (std::string_view protocol; next_member(protocols, protocol);) {
        if (equals_lower(protocol.substr(0, 3), "h2c") || equals_lower(protocol.substr(0, 4), "http")) {
            return true;
        }
    }
    return false;
}

bool upgrades_as_offered(const Fields& answer, std::string_view offer) {
    auto taken = answer.value(FieldId::upgrade);
    bool any = false;
    for (std::string_view protocol; next_member(taken, protocol); any = true) {
        bool offered = false;
        auto rest = offer;
        for (std::string_view member; !offered && next_member(rest, member);) {
            offered = equal_ignoring_case(member, protocol);
        }
        if (!offered) {
            return false;
        }
    }
    return any && !answer.repeated(FieldId::upgrade);
}

bool named_by_connection(const Fields& fields, const Field& field) {
    if (beyond_connection(field.id)) {
        return false;
    }
    for (const auto& connection : fields.all()) {
        if (connection.id != FieldId::connection) {
            continue;
        }
        auto list = connection.value;
        for (std::string_view option; next_member(list, option);) {
            if (equal_ignoring_case(option, field.name)) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace cardea::http
