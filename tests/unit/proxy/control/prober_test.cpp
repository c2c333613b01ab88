#include "proxy/control/prober.hpp"

#include "tests/unit/proxy/control/scripted_server.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace cardea::control {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using Verdict = health::ProbeOutcome::Verdict;
using Reply = ScriptedServer::Reply;

TEST(ProbeAllowanceTest, a_burst_is_bounded_and_the_rest_comes_evenly) {
    ProbeAllowance allowance(2'000);
    config::TimePoint now{std::chrono::hours(1)};
    int made = 0;
    for (int i = 0; i < 10'000; ++i) {
        made += allowance.take(now) ? 1 : 0;
    }
    EXPECT_EQ(made, 200);
    EXPECT_GT(allowance.next(now), now);
    EXPECT_LE(allowance.next(now), now + 1ms);
    made = 0;
    for (int i = 0; i < 1'000; ++i) {
        now += 1ms;
        while (allowance.take(now)) {
            ++made;
        }
    }
    EXPECT_NEAR(made, 2'000, 2);
}

TEST(ProbeAllowanceTest, one_a_second_is_one_a_second) {
    ProbeAllowance allowance(1);
    config::TimePoint now{std::chrono::hours(1)};
    int made = 0;
    for (int i = 0; i < 60'000; ++i) {
        now += 1ms;
        made += allowance.take(now) ? 1 : 0;
    }
    EXPECT_NEAR(made, 60, 1);
}

TEST(ProbeAllowanceTest, a_lower_limit_counts_at_once) {
    ProbeAllowance allowance(2'000);
    allowance.set(10);
    config::TimePoint now{std::chrono::hours(1)};
    EXPECT_TRUE(allowance.take(now));
    EXPECT_FALSE(allowance.take(now));
    EXPECT_TRUE(allowance.take(now + 100ms));
}

class ProberTest : public testing::Test {
protected:
    ProberTest() {
        settings.name = "web";
        settings.health.admission_timeout = 1s;
        book.set_routed({"web"});
    }
    /// Probes one endpoint at these addresses until it is told how that ended.
    health::ProbeOutcome probe(std::vector<config::Address> addresses) {
        discovery::Endpoint endpoint;
        endpoint.id = "e";
        endpoint.addresses = std::move(addresses);
        endpoint.discovered = true;
        const discovery::ServiceEndpoints known{"web", {endpoint}};
        const auto now = std::chrono::steady_clock::now();
        book.update(settings, &known, {now, {}});
        prober.poke();
        EXPECT_FALSE(outcome) << "never inside the call";
        loop.run();
        loop.restart();
        return *std::exchange(outcome, {});
    }

    config::Service settings{};
    Loop loop{};
    Outbound outbound{loop, {}};
    EndpointBook book{1};
    std::optional<health::ProbeOutcome> outcome{};
    Prober prober{loop, outbound, book, 2'000, [this](const ProbeOrder&, const health::ProbeOutcome& ended) {
                      outcome = ended;
                      loop.stop();
                  }};
};

TEST_F(ProberTest, any_well_formed_answer_is_good) {
    ScriptedServer server([](int, int, const std::string&) { return Reply{"HTTP/1.0 503 Not yet\r\n\r\n", true}; });
    const auto ended = probe({server.address()});
    EXPECT_EQ(ended.verdict, Verdict::good);
    EXPECT_TRUE(ended.why.starts_with("503 in ")) << ended.why;
    EXPECT_EQ(prober.counts().good, 1U);
}

TEST_F(ProberTest, what_speaks_something_else_is_not) {
    ScriptedServer server([](int, int, const std::string&) { return Reply{"hello\r\n\r\n", true}; });
    EXPECT_EQ(probe({server.address()}).verdict, Verdict::bad);
    EXPECT_EQ(prober.counts().bad, 1U);
}

TEST_F(ProberTest, accepting_for_nobody_is_not_an_answer) {
    ScriptedServer server([](int, int, const std::string&) { return Reply{"", true}; });
    EXPECT_EQ(probe({server.address()}).verdict, Verdict::bad);
}

TEST_F(ProberTest, the_configured_path_host_and_range_are_asked) {
    ScriptedServer server([](int, int, const std::string&) { return Reply{"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"}; });
    settings.health.active = config::ActiveHealth{};
    settings.health.active->path = "/ready?deep=1";
    settings.health.active->host = "app.example";
    const auto ended = probe({server.address()});
    EXPECT_EQ(ended.verdict, Verdict::bad);
    EXPECT_NE(ended.why.find("expected 200-399"), std::string::npos) << ended.why;
    const auto head = server.heads().at(0);
    EXPECT_TRUE(head.starts_with("GET /ready?deep=1 HTTP/1.1\r\n")) << head;
    EXPECT_NE(head.find("Host: app.example\r\n"), std::string::npos);
}

TEST_F(ProberTest, the_first_address_that_answers_is_remembered) {
    ScriptedServer dead([](int, int, const std::string&) { return Reply{"", true}; });
    ScriptedServer server([](int, int, const std::string&) { return Reply{ok("x")}; });
    const auto ended = probe({dead.address(), server.address()});
    EXPECT_EQ(ended.verdict, Verdict::good);
    EXPECT_EQ(ended.address_index, 1);
}

TEST_F(ProberTest, an_address_that_is_silent_does_not_hold_up_the_next) {
    settings.health.admission_timeout = 30s;
    ScriptedServer silent([](int, int, const std::string&) { return Reply{}; });
    ScriptedServer server([](int, int, const std::string&) { return Reply{ok("x")}; });
    EXPECT_EQ(probe({silent.address(), server.address()}).address_index, 1);
}

TEST_F(ProberTest, refused_everywhere_is_evidence_of_absence_and_one_silence_is_not) {
    config::Address nobody;
    {
        const ScriptedServer gone([](int, int, const std::string&) { return Reply{}; });
        nobody = gone.address();
    }
    const auto refused = probe({nobody, nobody});
    EXPECT_EQ(refused.verdict, Verdict::refused);
    book.update(settings, nullptr, {std::chrono::steady_clock::now(), {}});
    settings.health.admission_timeout = 60ms;
    ScriptedServer silent([](int, int, const std::string&) { return Reply{}; });
    EXPECT_EQ(probe({nobody, silent.address()}).verdict, Verdict::bad);
}

TEST_F(ProberTest, after_stop_nothing_is_probed) {
    prober.stop();
    discovery::Endpoint endpoint;
    endpoint.discovered = true;
    const discovery::ServiceEndpoints known{"web", {endpoint}};
    book.update(settings, &known, {std::chrono::steady_clock::now(), {}});
    prober.poke();
    loop.stop();
    loop.run();
    EXPECT_FALSE(outcome);
}

}  // namespace
}  // namespace cardea::control
