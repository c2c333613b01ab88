#include "proxy/command/views.hpp"

#include "config/text.hpp"
#include "proxy/command/table.hpp"

#include <vector>

namespace cardea::command {

using config::json::Value;

namespace {

void copy_value(config::json::Writer& json, Value value) {
    using config::json::Type;
    switch (value.type()) {
        case Type::string:
            json.value(value.string_or(""));
            break;
        case Type::boolean:
            json.value(value.as_bool().value_or(false));
            break;
        case Type::number:
            json.value(value.as_uint64().value_or(0));
            break;
        case Type::array:
            json.begin_array();
            for (const auto item : value.elements()) {
                copy_value(json, item);
            }
            json.end_array();
            break;
        default:
            json.null();
    }
}

}  // namespace

std::string text_of(Value value) {
    return std::string(value.string_or(""));
}

std::string number_of(Value value) {
    return std::to_string(value.as_uint64().value_or(0));
}

std::string endpoints_table(Value endpoints, std::string_view service) {
    std::vector<Row> rows{{"SERVICE", "ENDPOINT", "STATE", "SINCE", "WEIGHT", "IN FLIGHT", "REQUESTS", "FAILURES", "WHY"}};
    for (const auto endpoint : endpoints.elements()) {
        if (!service.empty() && endpoint["service"].string_or("") != service) {
            continue;
        }
        std::string address = text_of(endpoint["id"]);
        for (const auto first : endpoint["addresses"].elements()) {
            address = text_of(first);
            break;
        }
        rows.push_back({text_of(endpoint["service"]), address, text_of(endpoint["state"]), text_of(endpoint["since"]),
                        number_of(endpoint["weight"]), number_of(endpoint["in_flight"]), number_of(endpoint["requests"]),
                        number_of(endpoint["failures"]), text_of(endpoint[endpoint["why"].string_or("").empty() ? "dispute" : "why"])});
    }
    return rows.size() == 1 ? "no endpoints\n" : table(rows);
}

std::string endpoints_of(Value endpoints, std::string_view service) {
    std::string out;
    config::json::Writer json(out);
    json.begin_object().key("endpoints").begin_array();
    for (const auto endpoint : endpoints.elements()) {
        if (endpoint["service"].string_or("") == service) {
            json.begin_object();
            for (const auto& [key, value] : endpoint.members()) {
                json.key(key);
                copy_value(json, value);
            }
            json.end_object();
        }
    }
    json.end_array().end_object();
    return out + "\n";
}

std::string event_line(Value event) {
    const auto shown = [](Value value) {
        const auto text = value.string_or("");
        // What comes from a registry is shown, not obeyed: no control character reaches a terminal.
        const std::string quoted = config::printable(text, 512);
        return quoted;
    };
    std::string out = shown(event["time"]) + "  " + shown(event["kind"]);
    for (const auto* const key : {"service", "endpoint"}) {
        if (!event[key].string_or("").empty()) {
            out += "  " + shown(event[key]);
        }
    }
    const std::string address = shown(event["address"]);
    if (!address.empty() && address != shown(event["endpoint"])) {
        out += "  " + address;
    }
    if (!event["effect"].string_or("").empty()) {
        out += "  " + shown(event["effect"]);
    }
    std::string from = shown(event["source"]);
    if (!event["evidence"].string_or("").empty()) {
        from += ", " + shown(event["evidence"]);
    }
    if (!event["cause"].string_or("").empty()) {
        from += ": " + shown(event["cause"]);
    }
    return out + "  (" + from + ")\n";
}

std::string history_table(Value history) {
    std::vector<Row> rows{{"ENDPOINT", "ADDRESS", "STATE", "WEIGHT", "SINCE", "SOURCE", "CAUSE"}};
    for (const auto member : history["endpoints"].elements()) {
        rows.push_back({text_of(member["endpoint"]), text_of(member["address"]), text_of(member["state"]), number_of(member["weight"]),
                        text_of(member["since"]), text_of(member["source"]), text_of(member["cause"])});
    }
    const std::string head = "service " + config::printable(text_of(history["service"])) + " at " + text_of(history["at"]) + ":\n";
    return head + (rows.size() == 1 ? "no endpoints\n" : table(rows));
}

}  // namespace cardea::command
