#pragma once
// One event of the Docker Engine API as a value. Only Type, Action, Actor and timeNano are read: API 1.52 dropped the rest.
// https://docs.docker.com/reference/api/engine/ (SystemEvents). Pure, any thread.

#include "config/result.hpp"
#include "discovery/docker/parse_container.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cardea::docker {

enum class Happened : std::uint8_t {
    start,
    kill,  ///< a signal was sent
    die,
    stop,  ///< after `die`
    pause,
    unpause,
    health,
    rename,
    update,
    oom,
    connect,     ///< to a network
    disconnect,  ///< from a network; may come twice
    destroy,
    other,  ///< nothing that concerns us
};

struct EngineEvent {
    Happened happened{Happened::other};
    std::string action{};         ///< as sent, for the journal: `kill`, `health_status: healthy`
    std::string container{};      ///< id
    std::optional<int> signal{};  ///< kill: its number, unless a label of the container hides it
    Health health{Health::none};  ///< health
    std::int64_t time_nano{0};    ///< the daemon's clock
};

config::Result<EngineEvent> parse_event(std::string_view json);

}  // namespace cardea::docker
