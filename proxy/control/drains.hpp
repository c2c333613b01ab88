#pragma once
// Endpoints that an operator has told to leave. The order stands until it is taken back: over every update and reload, and
// while the endpoint is away, so that a registry's hiccup does not bring it back. Bounded. Pure; control thread.

#include "config/result.hpp"
#include "config/units.hpp"
#include "discovery/catalog.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cardea::control {

/// One order, for operators and for the process that takes this one's place.
struct DrainView {
    std::string service{}, endpoint{};
    config::WallTime since{};
    std::vector<std::string> instances{};  ///< of the endpoint's witnesses: they outlive its id
    friend bool operator==(const DrainView&, const DrainView&) = default;
};

class Drains {
public:
    static constexpr std::size_t most = 1'000;
    static constexpr const char* why = "drained by an operator";

    /// False when the order stood already; an error when there are too many.
    config::Result<bool> add(DrainView order);
    /// An endpoint that has another id now, but a witness which an order names: the order is about it.
    void follow(const discovery::ServiceEndpoints& service);
    bool remove(const std::string& service, const std::string& endpoint);
    [[nodiscard]] bool has(const std::string& service, const std::string& endpoint) const { return orders_.contains({service, endpoint}); }
    [[nodiscard]] std::vector<DrainView> view() const;
    [[nodiscard]] std::size_t size() const { return orders_.size(); }

    /// The set with the orders in force; nothing when none concerns it. What is paused or down stays that.
    [[nodiscard]] std::optional<discovery::ServiceEndpoints> over(const discovery::ServiceEndpoints& service) const;

private:
    struct Order {
        config::WallTime since{};
        std::vector<std::string> instances{};
    };
    std::map<std::pair<std::string, std::string>, Order> orders_{};
};

/// Does `which` name this endpoint: its id, one of its addresses, a witness's instance, or the beginning of one up to `:`
/// (a container's id)?
[[nodiscard]] bool names_endpoint(std::string_view which, const discovery::Endpoint& endpoint);

}  // namespace cardea::control
