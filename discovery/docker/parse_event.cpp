#include "discovery/docker/parse_event.hpp"

#include "config/json.hpp"
#include "config/units.hpp"

#include <array>
#include <utility>

namespace cardea::docker {
namespace {

Happened container_action(std::string_view action) {
    constexpr std::array<std::pair<std::string_view, Happened>, 10> known{{
        {"start", Happened::start},
        {"kill", Happened::kill},
        {"die", Happened::die},
        {"stop", Happened::stop},
        {"pause", Happened::pause},
        {"unpause", Happened::unpause},
        {"rename", Happened::rename},
        {"update", Happened::update},
        {"oom", Happened::oom},
        {"destroy", Happened::destroy},
    }};
    for (const auto& [name, happened] : known) {
        if (name == action) {
            return happened;
        }
    }
    return action.starts_with("health_status") ? Happened::health : Happened::other;
}

}  // namespace

config::Result<EngineEvent> parse_event(std::string_view json) {
    const auto document = config::json::parse(json, {.max_bytes = std::size_t{8} << 20U, .max_depth = 16});
    if (!document) {
        return tl::unexpected(document.error());
    }
    const auto root = document->root();
    const auto type = root["Type"].string_or("");
    const auto action = root["Action"].string_or("");
    const auto actor = root["Actor"];
    EngineEvent event;
    event.action = action;
    event.time_nano = root["timeNano"].as_int64().value_or(0);
    if (type == "network") {
        event.container = actor["Attributes"]["container"].string_or("");
        event.happened = action == "connect" ? Happened::connect : action == "disconnect" ? Happened::disconnect : Happened::other;
    } else if (type == "container") {
        event.container = actor["ID"].string_or("");
        event.happened = container_action(action);
    }
    if (event.happened == Happened::kill) {
        if (const auto signal = config::parse_unsigned(actor["Attributes"]["signal"].string_or(""), 64)) {
            event.signal = static_cast<int>(*signal);
        }
    } else if (event.happened == Happened::health) {
        const auto colon = action.find(": ");
        event.health = colon == std::string_view::npos ? Health::none : parse_health(action.substr(colon + 2));
    }
    if (event.container.empty()) {
        event.happened = Happened::other;
    }
    return event;
}

}  // namespace cardea::docker
