#include "proxy/observe/exposition.hpp"

#include <gtest/gtest.h>
#include <array>
#include <set>
#include <sstream>

namespace cardea::observe {
namespace {

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(Exposition, text_format) {
    Families families;
    families.push_back({"cardea_x", "Help.", Family::Kind::gauge, {Sample{{{"service", "a\"b\\c\nd"}}, 2, 0, {}}}});
    families.push_back({"cardea_h", "Help.", Family::Kind::histogram, {Sample{{}, 1.5, 7, {{0.5, 3}, {1, 6}}}}});
    const std::string text = exposition(families);
    EXPECT_TRUE(has_line(text, "# TYPE cardea_x gauge"));
    EXPECT_TRUE(has_line(text, R"(cardea_x{service="a\"b\\c\nd"} 2)")) << text;
    EXPECT_TRUE(has_line(text, "# TYPE cardea_h histogram"));
    EXPECT_TRUE(has_line(text, R"(cardea_h_bucket{le="0.5"} 3)"));
    EXPECT_TRUE(has_line(text, R"(cardea_h_bucket{le="1"} 6)"));
    EXPECT_TRUE(has_line(text, R"(cardea_h_bucket{le="+Inf"} 7)"));
    EXPECT_TRUE(has_line(text, "cardea_h_sum 1.5"));
    EXPECT_TRUE(has_line(text, "cardea_h_count 7"));
}

TEST(Exposition, sums_over_workers) {
    WorkerMetrics first;
    WorkerMetrics second;
    Names listeners(4), routes(4);
    const auto web = listeners.number_of("web"), api = routes.number_of("api\nnginx");
    first.answered.count({web, api, http::Method::get, 200});
    second.answered.count({web, api, http::Method::get, 200});
    second.answered.count({web, 0, http::Method::other, 0});
    second.answered.count({web, 4, http::Method::post, 404});
    first.errors[static_cast<std::size_t>(http::Reason::no_endpoint)].add(2);
    first.request_duration.observe(400);
    second.request_duration.observe(20'000'000);
    second.connections_active.add(5);
    first.proxy_overhead.observe(std::uint64_t{40});
    first.upstream_reuses.add(997);
    first.upstream_connects.add(1);
    second.upstream_connects.add(2);
    const std::array<const WorkerMetrics*, 2> workers{&first, &second};
    Families families;
    add_request_family(workers, {listeners, routes}, families);
    add_worker_families(workers, families);
    const std::string text = exposition(families);
    EXPECT_TRUE(has_line(text, R"(cardea_requests_total{listener="web",route="api",service="nginx",method="GET",code="200"} 2)")) << text;
    EXPECT_TRUE(has_line(text, R"(cardea_requests_total{listener="web",route="",service="",method="other",code="none"} 1)"));
    EXPECT_TRUE(has_line(text, R"(cardea_requests_total{listener="web",route="others",service="",method="POST",code="404"} 1)"));
    EXPECT_TRUE(has_line(text, R"(cardea_errors_total{reason="no_endpoint"} 2)"));
    EXPECT_TRUE(has_line(text, R"(cardea_request_duration_seconds_bucket{le="0.0005"} 1)"));
    EXPECT_TRUE(has_line(text, R"(cardea_request_duration_seconds_bucket{le="10"} 1)"));
    EXPECT_TRUE(has_line(text, R"(cardea_request_duration_seconds_bucket{le="+Inf"} 2)"));
    EXPECT_TRUE(has_line(text, "cardea_request_duration_seconds_sum 20.0004"));
    EXPECT_TRUE(has_line(text, R"(cardea_connections{state="active"} 5)"));
    EXPECT_TRUE(has_line(text, R"(cardea_proxy_overhead_seconds_bucket{le="2.5e-05"} 0)"));
    EXPECT_TRUE(has_line(text, R"(cardea_proxy_overhead_seconds_bucket{le="5e-05"} 1)"));
    EXPECT_TRUE(has_line(text, R"(cardea_proxy_overhead_seconds_bucket{le="0.1"} 1)"));
    EXPECT_TRUE(has_line(text, "cardea_connection_reuse_ratio 0.997"));
}

TEST(Exposition, every_name_is_used_once_and_well_formed) {
    const WorkerMetrics worker;
    const std::array<const WorkerMetrics*, 1> workers{&worker};
    Families families;
    add_worker_families(workers, families);
    add_process_families(families);
    std::set<std::string> names;
    for (const auto& family : families) {
        EXPECT_TRUE(names.insert(family.name).second) << family.name;
        EXPECT_EQ(family.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string::npos) << family.name;
        EXPECT_EQ(family.kind == Family::Kind::counter, family.name.ends_with("_total")) << family.name;
        EXPECT_TRUE(family.help.ends_with(".")) << family.name;
    }
}

TEST(Exposition, process_figures_are_this_process) {
    Families families;
    add_process_families(families);
    for (const auto& family : families) {
        if (family.name != "process_cpu_seconds_total") {
            EXPECT_GT(family.samples.at(0).value, 0) << family.name;
        }
    }
}

TEST(StubStatus, has_the_bytes_of_nginx) {
    WorkerMetrics first;
    WorkerMetrics second;
    first.connections_active.add(2);
    first.accepted.add(11);
    second.accepted.add(1);
    first.handled.add(12);
    first.requests.add(31);
    second.writing.add(1);
    second.connections_idle.add(1);
    const std::array<const WorkerMetrics*, 2> workers{&first, &second};
    EXPECT_EQ(stub_status(workers),
              "Active connections: 2 \nserver accepts handled requests\n 12 12 31 \nReading: 0 Writing: 1 Waiting: 1 \n");
}

}  // namespace
}  // namespace cardea::observe
