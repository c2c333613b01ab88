#include "proxy/control/render.hpp"

#include <gtest/gtest.h>

namespace cardea::control {
namespace {

class RenderTest : public testing::Test {
protected:
    void has(const std::string& service, std::vector<std::map<std::string, std::string>> labels) {
        discovery::ServiceEndpoints endpoints{service, {}};
        for (auto& set : labels) {
            discovery::Endpoint endpoint;
            endpoint.id = std::to_string(endpoints.endpoints.size());
            endpoint.labels = std::move(set);
            endpoints.endpoints.push_back(std::move(endpoint));
        }
        renderer.set_service(service, &endpoints);
        catalog[service] = std::make_shared<const discovery::ServiceEndpoints>(std::move(endpoints));
    }
    /// `name: match -> action (from)` of each route.
    std::vector<std::string> routes() {
        rendered = renderer.render(config, catalog);
        std::vector<std::string> lines;
        for (const auto& one : rendered.routes) {
            const auto view = view_of(one);
            lines.push_back(view.match + " -> " + view.action + " (" + view.from + ")");
        }
        return lines;
    }
    using Lines = std::vector<std::string>;
    using Empty = std::map<std::string, std::string>;

    config::Config config{};
    discovery::Catalog catalog{};
    Renderer renderer{};
    Rendered rendered{};
};

TEST_F(RenderTest, nothing_known_answers_503_and_not_404) {
    EXPECT_EQ(routes(), Lines{"*/** -> respond 503 (only answer)"});
}

TEST_F(RenderTest, the_only_service_gets_everything) {
    has("web", {Empty{}});
    EXPECT_EQ(routes(), Lines{"*/** -> service web (only service)"});
    EXPECT_TRUE(rendered.unrouted.empty());
}

TEST_F(RenderTest, the_only_service_keeps_everything_while_nobody_is_home) {
    has("web", {Empty{}});
    routes();
    has("web", {});
    EXPECT_EQ(routes(), Lines{"*/** -> service web (only service)"});
}

TEST_F(RenderTest, of_two_services_none_is_guessed) {
    has("web", {Empty{}});
    has("api", {Empty{}});
    EXPECT_EQ(routes(), Lines{});
    EXPECT_EQ(rendered.unrouted, (Lines{"api", "web"}));
    has("api", {});
    EXPECT_EQ(routes(), Lines{"*/** -> service web (only service)"}) << "one of them is there";
    has("web", {});
    EXPECT_EQ(routes(), Lines{"*/** -> service web (only service)"}) << "nobody is there: the last one still stands for 503";
}

TEST_F(RenderTest, a_written_service_counts_even_when_empty) {
    config.services.push_back(settings_of({}, "api"));
    has("api", {});
    has("web", {Empty{}});
    EXPECT_EQ(routes(), Lines{});
}

TEST_F(RenderTest, labels_make_routes_and_then_nothing_is_caught_all) {
    has("web", {{{"host", "www.example.com"}, {"path", "/shop/**"}}, {{"host", "www.example.com"}, {"path", "/shop/**"}}});
    EXPECT_EQ(routes(), Lines{"www.example.com /shop/** -> service web (label)"});
}

TEST_F(RenderTest, label_routes_outlive_a_moment_without_containers) {
    has("web", {{{"host", "www.example.com"}}});
    has("web", {});
    EXPECT_EQ(routes(), Lines{"www.example.com/** -> service web (label)"});
    renderer.set_service("web", nullptr);
    catalog.erase("web");
    EXPECT_EQ(routes(), Lines{"*/** -> respond 503 (only answer)"});
}

TEST_F(RenderTest, labels_that_change_replace_the_former_routes) {
    has("web", {{{"host", "old.example.com"}}});
    has("web", {{{"host", "new.example.com"}}});
    EXPECT_EQ(routes(), Lines{"new.example.com/** -> service web (label)"});
    has("web", {Empty{}});
    EXPECT_EQ(routes(), Lines{"*/** -> service web (only service)"});
}

TEST_F(RenderTest, written_routes_come_first_and_catch_nothing_else) {
    config::Route route;
    route.name = "api";
    route.match.methods = {"GET", "POST"};
    route.action = config::ToService{"api"};
    route.origin = {"cardea.yaml", 12, 3};
    config.routes.push_back(route);
    has("web", {Empty{}});
    has("api", {Empty{}});
    EXPECT_EQ(routes(), Lines{"GET,POST */** -> service api (cardea.yaml:12)"});
    EXPECT_EQ(rendered.unrouted, Lines{"web"});
}

}  // namespace
}  // namespace cardea::control
