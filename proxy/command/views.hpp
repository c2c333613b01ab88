#pragma once
// Pages of the admin door as tables for people. Pure.

#include "config/json.hpp"

#include <string>
#include <string_view>

namespace cardea::command {

[[nodiscard]] std::string text_of(config::json::Value value);    ///< empty for anything but a string
[[nodiscard]] std::string number_of(config::json::Value value);  ///< `0` for anything but a count

/// The rows of `/v1/endpoints`, of one service when it is named.
[[nodiscard]] std::string endpoints_table(config::json::Value endpoints, std::string_view service = {});
/// The same as JSON, in the page's own form.
[[nodiscard]] std::string endpoints_of(config::json::Value endpoints, std::string_view service);
/// `2026-11-22T20:00:00.123Z endpoint_state web 10.0.0.2:80 up -> refused (traffic: connection refused)`
[[nodiscard]] std::string event_line(config::json::Value event);
[[nodiscard]] std::string history_table(config::json::Value history);

}  // namespace cardea::command
