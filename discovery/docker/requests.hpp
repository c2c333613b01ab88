#pragma once
// The five requests a Docker Engine is asked, all of them GET: what a socket proxy must let through.
// https://docs.docker.com/reference/api/engine/ . Pure, any thread.

#include "discovery/event.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cardea::docker {

/// `/v1.41`, from the Api-Version of any answer and the latest version known here (1.52); empty asks in the daemon's own.
std::string version_prefix(const discovery::HeaderList& headers);

/// The daemon's time a moment before it sent this answer, as `since` takes it; empty without a Date (RFC 9110 section 5.6.7).
/// Events are delivered from when the daemon subscribes, which is after it sends the head: the overlap closes that hole.
std::string since_before(const discovery::HeaderList& headers);

std::string ping_target();
std::string info_target(const std::string& version);
std::string events_target(const std::string& version, const std::string& since);
std::string list_target(const std::string& version);
std::string inspect_target(const std::string& version, std::string_view id);

/// `Name` of the answer to info_target; empty when there is none.
std::string parse_host_name(std::string_view json);

/// What a person is told of an answer that is not 200: its own text, `{"message": ...}` or plain, cut to one line.
std::string refusal(const std::string& what, int status, std::string_view body);

}  // namespace cardea::docker
