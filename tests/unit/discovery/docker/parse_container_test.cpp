#include "discovery/docker/parse_container.hpp"

#include "discovery/docker/requests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cardea::docker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

// As Engine 20.10 sent it, parts that nobody reads left out.
constexpr const char* inspection =
    R"({"Id":"805a","Created":"2026-11-22T19:49:53.0Z","Args":["httpd","-f"],"State":{"Status":"running","Running":true,
"Paused":false,"Restarting":false,"OOMKilled":false,"Dead":false,"Pid":10056,"ExitCode":0,"Error":"","StartedAt":"2026-11-22T19:49:53.779101197Z",
"FinishedAt":"0001-01-01T00:00:00Z","Health":{"Status":"starting","FailingStreak":0,"Log":[]}},"Image":"sha256:bfed","Name":"/wl","RestartCount":0,
"HostConfig":{"Binds":null,"NetworkMode":"default","RestartPolicy":{"Name":"no"}},"Config":{"Hostname":"805a","Env":["PASSWORD=secret","SERVICE_NAME=web",
"SERVICE_80_TAGS=a,b"],"Image":"bb:1","Labels":{"exitCode":"y","signal":"x","cardea.weight":"2","com.docker.compose.service":"shop","maintainer":"me"},
"ExposedPorts":{"80/tcp":{},"90/udp":{},"9000/tcp":{}},"StopSignal":"SIGQUIT","StopTimeout":3},"NetworkSettings":{"Bridge":"","Ports":{"80/tcp":
[{"HostIp":"0.0.0.0","HostPort":"32769"},{"HostIp":"::","HostPort":"32769"}],"90/udp":[{"HostIp":"127.0.0.1","HostPort":"90"}],"9000/tcp":null},
"IPAddress":"172.17.0.3","Networks":{"n2":{"NetworkID":"d8fe","IPAddress":"172.18.0.2","GlobalIPv6Address":"2001:db8::5"},"bridge":{"NetworkID":"7e8e",
"IPAddress":"172.17.0.3","GlobalIPv6Address":""}}}})";

TEST(ParseContainer, reads_an_inspection) {
    const auto container = parse_container(inspection).value();
    EXPECT_EQ(container.id, "805a");
    EXPECT_EQ(container.name, "wl");
    EXPECT_EQ(container.image, "bb:1");
    EXPECT_TRUE(container.running);
    EXPECT_FALSE(container.paused);
    EXPECT_EQ(container.health, Health::starting);
    EXPECT_EQ(container.started_nano, 1795376993779101197);
    EXPECT_EQ(container.stop_signal, 3);
    EXPECT_EQ(container.stop_timeout, 3s);
    EXPECT_TRUE(container.hides_signal);
    ASSERT_EQ(container.ports.size(), 3U);
    EXPECT_EQ(container.ports[0].number, 80);
    EXPECT_EQ(container.ports[0].bindings.size(), 2U);
    EXPECT_FALSE(container.ports[1].tcp);
    EXPECT_THAT(container.ports[2].bindings, IsEmpty());
    ASSERT_EQ(container.networks.size(), 2U);
    EXPECT_EQ(container.networks[0].name, "bridge");
    EXPECT_EQ(container.networks[1].addresses.size(), 2U);
}

TEST(ParseContainer, keeps_no_secret_of_the_container) {
    const auto container = parse_container(inspection).value();
    EXPECT_THAT(container.environment, ElementsAre("SERVICE_NAME=web", "SERVICE_80_TAGS=a,b"));
    EXPECT_THAT(container.labels, ElementsAre(std::pair("cardea.weight", "2"), std::pair("com.docker.compose.service", "shop")));
}

TEST(ParseContainer, a_container_that_restarts_or_has_ended_does_not_run) {
    const auto runs = [](const char* state) { return parse_container(R"({"Id":"1","State":)" + std::string(state) + "}").value().running; };
    EXPECT_TRUE(runs(R"({"Status":"running","Running":true})"));
    EXPECT_TRUE(runs(R"({"Status":"paused","Running":true,"Paused":true})"));
    EXPECT_TRUE(runs(R"({"Status":"paused"})"));
    EXPECT_FALSE(runs(R"({"Status":"restarting","Running":true,"Restarting":true})"));
    EXPECT_FALSE(runs(R"({"Status":"exited","Running":false})"));
    EXPECT_FALSE(runs(R"({"Status":"created"})"));
    EXPECT_FALSE(runs(R"({"Status":"dead","Running":true,"Dead":true})"));
    EXPECT_FALSE(runs("{}"));
    EXPECT_FALSE(runs("null"));
}

TEST(ParseContainer, values_of_the_wrong_kind_are_not_there) {
    EXPECT_FALSE(parse_container("[]"));
    EXPECT_FALSE(parse_container("{}"));
    EXPECT_FALSE(parse_container("{\"Id\":7}"));
    EXPECT_FALSE(parse_container("<html>"));
    EXPECT_FALSE(parse_container(std::string(100'000, '[')));
    const auto odd =
        parse_container(R"({"Id":"1","Name":null,"Config":{"Env":[1,null,"SERVICE_A=1"],"Labels":null,"ExposedPorts":{"x/tcp":{},"0/tcp":{},
        "70000/tcp":{},"81":{}},"StopSignal":"SIGBOGUS","StopTimeout":-1},"NetworkSettings":{"Ports":{"80/tcp":[{"HostIp":"no","HostPort":"1"},
        {"HostIp":"","HostPort":"80"},{"HostPort":"0"},7]},"Networks":{"b":null}}})")
            .value();
    EXPECT_THAT(odd.environment, ElementsAre("SERVICE_A=1"));
    ASSERT_EQ(odd.ports.size(), 2U);
    EXPECT_EQ(odd.ports[0].bindings.size(), 1U);
    EXPECT_EQ(odd.ports[1].number, 81);
    EXPECT_EQ(odd.stop_signal, 15);
    EXPECT_EQ(odd.stop_timeout, 10s);
}

TEST(ParseList, the_shape_changes_with_what_matters_and_not_with_time) {
    const auto shape = [](const std::string& status, const std::string& port, const std::string& names = R"(["/a","/b/c"])") {
        return parse_list(R"([{"Id":"1","Names":)" + names + R"(,"State":"running","Status":")" + status +
                          R"(","Ports":[{"IP":"::","PrivatePort":80,"PublicPort":)" + port +
                          R"(,"Type":"tcp"}],"NetworkSettings":{"Networks":{"bridge":{"IPAddress":"172.17.0.2"}}}}])")
            .value()
            .at(0)
            .shape;
    };
    EXPECT_EQ(shape("Up 3 seconds (healthy)", "1"), shape("Up 2 hours (healthy)", "1"));
    EXPECT_NE(shape("Up 3 seconds (healthy)", "1"), shape("Up 3 seconds (unhealthy)", "1"));
    EXPECT_NE(shape("Up 3 seconds", "1"), shape("Up 3 seconds", "2"));
    EXPECT_EQ(shape("Up", "1"), shape("Up", "1", R"(["/b/c","/a"])"));
    EXPECT_NE(shape("Up", "1"), shape("Up", "1", R"(["/renamed"])"));
}

TEST(ParseList, is_an_array_of_things_with_ids) {
    EXPECT_FALSE(parse_list("{}"));
    EXPECT_FALSE(parse_list("null"));
    EXPECT_FALSE(parse_list("oops"));
    EXPECT_EQ(parse_list(R"([{"Id":"1"},{},7,{"Id":""}])").value().size(), 1U);
}

TEST(ParseTime, reads_what_go_writes) {
    EXPECT_EQ(parse_time_nano("2026-11-22T19:49:52.34949628Z"), 1795376992349496280);
    EXPECT_EQ(parse_time_nano("1970-01-01T00:00:01Z"), 1'000'000'000);
    for (const char* text :
         {"0001-01-01T00:00:00Z", "", "2026-13-22T19:49:52Z", "2026-11-22 19:49:52Z", "2026-11-22T19:49:52+02:00", "x"}) {
        EXPECT_EQ(parse_time_nano(text), 0) << text;
    }
}

TEST(ParseSignal, reads_names_and_numbers) {
    EXPECT_EQ(parse_signal("SIGTERM"), 15);
    EXPECT_EQ(parse_signal("QUIT"), 3);
    EXPECT_EQ(parse_signal("28"), 28);
    EXPECT_EQ(parse_signal("SIGRTMIN+3"), 37);
    EXPECT_EQ(parse_signal(""), 0);
    EXPECT_EQ(parse_signal("SIGRTMIN+99"), 0);
}

TEST(Requests, ask_in_the_older_of_both_versions) {
    EXPECT_EQ(version_prefix({{"api-version", "1.41"}}), "/v1.41");
    EXPECT_EQ(version_prefix({{"api-version", "1.60"}}), "/v1.52");
    for (const char* odd : {"2.0", "", "1.", "1.x", "1.41/../..", "v1.41"}) {
        EXPECT_EQ(version_prefix({{"api-version", odd}}), "") << odd;
    }
    EXPECT_EQ(version_prefix({}), "");
}

TEST(Requests, since_lies_before_the_answer) {
    EXPECT_EQ(since_before({{"date", "Sun, 22 Nov 2026 19:49:52 GMT"}}), "1795376990");
    EXPECT_EQ(since_before({{"date", "Thu, 01 Jan 1970 00:00:01 GMT"}}), "");
    EXPECT_EQ(since_before({{"date", "yesterday, some time this month"}}), "");
    EXPECT_EQ(since_before({}), "");
}

TEST(Requests, a_refusal_is_told_in_one_line) {
    EXPECT_EQ(refusal("GET /x", 400, R"({"message":"client version 1.99 is too new"})"),
              "GET /x answered 400: client version 1.99 is too new");
    EXPECT_EQ(refusal("GET /x", 400, "client version 1.10 is too old.\nmore"), "GET /x answered 400: client version 1.10 is too old.");
    EXPECT_EQ(refusal("GET /x", 500, ""), "GET /x answered 500");
    EXPECT_THAT(refusal("GET /x", 403, "no\x01"), testing::StartsWith("GET /x answered 403: no\\x01; Cardea needs GET on"));
}

}  // namespace
}  // namespace cardea::docker
