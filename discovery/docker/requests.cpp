#include "discovery/docker/requests.hpp"

#include "config/json.hpp"
#include "config/text.hpp"
#include "config/units.hpp"
#include "discovery/docker/parse_container.hpp"

#include <algorithm>
#include <array>

namespace cardea::docker {
namespace {

constexpr std::uint64_t latest_minor = 52;  // events without status, id and from; no NetworkSettings.IPAddress
constexpr std::int64_t overlap_seconds = 2;

std::string_view header(const discovery::HeaderList& headers, std::string_view name) {
    for (const auto& [key, value] : headers) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

}  // namespace

std::string version_prefix(const discovery::HeaderList& headers) {
    const auto version = header(headers, "api-version");
    const auto minor = version.starts_with("1.") ? config::parse_unsigned(version.substr(2), 999) : config::failure("not 1.x");
    return minor ? "/v1." + std::to_string(std::min(*minor, latest_minor)) : std::string{};
}

std::string since_before(const discovery::HeaderList& headers) {
    // Sun, 22 Nov 2026 19:49:33 GMT
    constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto date = header(headers, "date");
    if (date.size() != 29) {
        return {};
    }
    const auto month = std::find(months.begin(), months.end(), date.substr(8, 3)) - months.begin() + 1;
    const std::string iso = std::string(date.substr(12, 4)) + (month < 10 ? "-0" : "-") + std::to_string(month) + "-" +
                            std::string(date.substr(5, 2)) + "T" + std::string(date.substr(17, 8)) + "Z";
    const std::int64_t seconds = parse_time_nano(iso) / 1'000'000'000;
    return seconds <= overlap_seconds ? std::string{} : std::to_string(seconds - overlap_seconds);
}

std::string ping_target() {
    return "/_ping";
}

std::string info_target(const std::string& version) {
    return version + "/info";
}

std::string events_target(const std::string& version, const std::string& since) {
    constexpr std::string_view filters =
        R"({"type":["container","network"],"event":["start","die","kill","pause","unpause","health_status",)"
        R"("destroy","rename","update","oom","connect","disconnect"]})";
    return version + "/events?" + (since.empty() ? "" : "since=" + since + "&") + "filters=" + config::percent_encode(filters);
}

std::string list_target(const std::string& version) {
    return version + "/containers/json?filters=" + config::percent_encode(R"({"status":["running","paused","restarting"]})");
}

std::string inspect_target(const std::string& version, std::string_view id) {
    return version + "/containers/" + config::percent_encode(id) + "/json";
}

std::string parse_host_name(std::string_view json) {
    const auto document = config::json::parse(json, {.max_bytes = std::size_t{4} << 20U, .max_depth = 32});
    return document ? std::string(document->root()["Name"].string_or("")) : std::string{};
}

std::string refusal(const std::string& what, int status, std::string_view body) {
    const auto document = config::json::parse(body, {.max_bytes = std::size_t{64} << 10U, .max_depth = 8});
    const auto text = config::trim(document ? document->root()["message"].string_or("") : body.substr(0, body.find('\n')));
    return what + " answered " + std::to_string(status) + (text.empty() ? "" : ": " + config::printable(text, 160)) +
           (status == 401 || status == 403 ? "; Cardea needs GET on /_ping, /events, /containers/json and /containers/{id}/json" : "");
}

}  // namespace cardea::docker
