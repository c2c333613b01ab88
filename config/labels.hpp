#pragma once
// What a container says of itself: Cardea's own `cardea.*` labels and registrator's SERVICE_* names, as typed values.
// Whoever may start a container may write these, so they speak for their own service only: they add endpoints to it and
// routes to it, and can neither edit headers nor point anywhere else. Pure functions, any thread.

#include "config/config.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::config {

using Labels = std::map<std::string, std::string>;

/// A label that cannot be used as it stands; the reader adds which container carries it.
struct LabelProblem {
    std::string label{};  ///< as written: `cardea.port`, `SERVICE_80_WEIGHT`
    std::string what{};   ///< what was found and what was expected
    friend bool operator==(const LabelProblem&, const LabelProblem&) = default;
};

/// `cardea.*` of one container. A key that cannot be read is reported and counts as absent, except that a container
/// whose `cardea.enable` is unreadable stays out.
struct OwnLabels {
    std::optional<bool> enable{};            ///< `cardea.enable`: true makes a service of it, false keeps it out
    std::string service{};                   ///< `cardea.service`
    std::uint16_t port{0};                   ///< `cardea.port`: the port inside the container
    std::optional<std::uint32_t> weight{};   ///< `cardea.weight`, 0 = no traffic
    std::optional<Duration> drain{};         ///< `cardea.drain`
    std::string network{};                   ///< `cardea.network`: whose container address to use
    std::optional<DockerAddress> address{};  ///< `cardea.address`: auto, published or container
    Labels routes{};                         ///< `host`, `path`, `method`, and the same for more routes: `NAME.host` ...; a route with an
                                             ///< unreadable part is not in here at all
    std::vector<LabelProblem> problems{};

    /// Asks by itself to be a service, whatever the source exposes by default.
    [[nodiscard]] bool asks() const { return enable.value_or(!service.empty() || port != 0 || !routes.empty()); }
    /// Speaks of one service at one port; without that, every port is a service of its own.
    [[nodiscard]] bool single() const { return !service.empty() || port != 0 || !routes.empty(); }
};

OwnLabels own_labels(const Labels& labels);

/// SERVICE_* as registrator reads it for one port: a name with the port beats one without, a label beats the environment.
struct RegistratorKeys {
    std::string name{};        ///< SERVICE_NAME; empty when there is none
    bool name_of_port{false};  ///< it was SERVICE_<port>_NAME: gets no port suffix
    std::string id{};          ///< SERVICE_ID
    std::vector<std::string> tags{};
    bool ignore{false};                     ///< SERVICE_IGNORE: any value but an empty one ignores, `false` too, as registrator does
    std::optional<std::uint32_t> weight{};  ///< SERVICE_WEIGHT
    Labels attributes{};                    ///< everything else, keys in lower case: `check_http`, `region`
    std::vector<LabelProblem> problems{};
};

RegistratorKeys registrator_keys(const std::vector<std::string>& environment, const Labels& labels, std::uint16_t port);

/// `a,b\,c` is `a` and `b,c`; empty ones are dropped.
std::vector<std::string> split_tags(std::string_view text);

/// The name registrator gives when nobody says one: the last part of the image without tag and digest. Empty for an image
/// that is named only by its id.
std::string image_service_name(std::string_view image);

/// A service may be called by 1 to 128 characters of UTF-8 without blanks around it and without control characters.
bool usable_service_name(std::string_view name);

/// The routes that `host`, `path` and `method` (OwnLabels::routes; other keys are passed over) ask for, all to `service`.
/// The caller puts them after the configured ones, so that a tie is theirs to lose. Values are lists separated by commas.
/// A route with an unreadable part is left out whole: dropping a condition would widen it.
std::vector<Route> label_routes(const std::string& service, const Labels& labels);

}  // namespace cardea::config
