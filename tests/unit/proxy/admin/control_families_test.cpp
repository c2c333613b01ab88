#include "proxy/admin/control_families.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace cardea::admin {
namespace {

bool has_line(const observe::Families& families, const std::string& line) {
    return ("\n" + observe::exposition(families)).find("\n" + line + "\n") != std::string::npos;
}

control::EndpointView endpoint_of(std::string service, std::string id, std::string state) {
    control::EndpointView endpoint;
    endpoint.service = std::move(service);
    endpoint.id = std::move(id);
    endpoint.state = std::move(state);
    return endpoint;
}

TEST(ControlFamilies, endpoints_by_health_and_state) {
    observe::Families families;
    add_endpoint_families({endpoint_of("web", "a:1", "up"), endpoint_of("web", "b:1", "refused"), endpoint_of("api", "c:1", "up")},
                          families);
    EXPECT_TRUE(has_line(families, R"(cardea_endpoint_healthy{service="web",endpoint="a:1"} 1)"));
    EXPECT_TRUE(has_line(families, R"(cardea_endpoint_healthy{service="web",endpoint="b:1"} 0)"));
    EXPECT_TRUE(has_line(families, R"(cardea_service_endpoints{service="web",state="refused"} 1)"));
    EXPECT_TRUE(has_line(families, R"(cardea_service_endpoints{service="api",state="up"} 1)"));
}

TEST(ControlFamilies, runaway_registry_does_not_flood_the_monitoring) {
    std::vector<control::EndpointView> endpoints;
    for (std::size_t i = 0; i < endpoint_series_max + 500; ++i) {
        endpoints.push_back(endpoint_of("web", std::to_string(i), "up"));
    }
    observe::Families families;
    add_endpoint_families(endpoints, families);
    for (const auto& family : families) {
        EXPECT_LE(family.samples.size(), endpoint_series_max + 1) << family.name;
    }
    EXPECT_TRUE(has_line(families, R"(cardea_endpoint_healthy{service="web",endpoint="others"} 500)"));
}

TEST(ControlFamilies, sources_tell_freshness_only_when_they_ever_answered) {
    control::SourceView silent;
    silent.name = "consul:dc1";
    control::SourceView alive;
    alive.name = "docker:h2";
    alive.connected = true;
    alive.age = std::chrono::milliseconds(1500);
    observe::Families families;
    add_source_families({silent, alive}, config::WallTime{std::chrono::seconds(100)}, families);
    EXPECT_TRUE(has_line(families, R"(cardea_discovery_source_up{source="consul:dc1"} 0)"));
    EXPECT_TRUE(has_line(families, R"(cardea_discovery_source_up{source="docker:h2"} 1)"));
    EXPECT_TRUE(has_line(families, R"(cardea_discovery_last_sync_timestamp_seconds{source="docker:h2"} 98.5)"));
    EXPECT_EQ(observe::exposition(families).find("timestamp_seconds{source=\"consul"), std::string::npos);
}

TEST(ControlFamilies, propagation_is_a_summary_in_seconds) {
    control::Numbers numbers;
    numbers.propagation_us_sum = 1'500'000;
    numbers.propagation_count = 3;
    observe::Families families;
    add_control_families(numbers, families);
    EXPECT_TRUE(has_line(families, "cardea_discovery_propagation_seconds_sum 1.5"));
    EXPECT_TRUE(has_line(families, "cardea_discovery_propagation_seconds_count 3"));
}

TEST(ControlFamilies, limits_of_the_control_plane_stand_among_those_of_the_workers) {
    control::Numbers numbers;
    numbers.answers_too_long = 3;
    numbers.services_too_large = 2;
    numbers.endpoints_too_many = 1;
    observe::WorkerMetrics worker;
    const std::vector<const observe::WorkerMetrics*> workers{&worker};
    observe::Families families;
    observe::add_worker_families(workers, families);
    add_control_families(numbers, families);
    EXPECT_TRUE(has_line(families, R"(cardea_limit_rejected_total{limit="max_pending"} 0)"));
    EXPECT_TRUE(has_line(families, R"(cardea_limit_rejected_total{limit="discovery_max_answer"} 3)"));
    EXPECT_TRUE(has_line(families, R"(cardea_limit_rejected_total{limit="discovery_max_service_endpoints"} 2)"));
    EXPECT_TRUE(has_line(families, R"(cardea_limit_rejected_total{limit="discovery_max_endpoints"} 1)"));
    EXPECT_EQ(std::ranges::count(families, "cardea_limit_rejected_total", &observe::Family::name), 1);
}

}  // namespace
}  // namespace cardea::admin
