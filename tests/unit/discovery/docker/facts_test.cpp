#include "discovery/docker/facts.hpp"

#include "tests/support/discovery/docker_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cardea::docker {
namespace {

using test::DockerWorld;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

config::IpAddress ip(const char* text) {
    return config::parse_ip(text).value();
}

Port tcp(std::uint16_t number, std::vector<Binding> bindings = {}) {
    return {number, true, std::move(bindings)};
}

Binding any(std::uint16_t port) {
    return {ip("0.0.0.0"), port};
}

Container container(std::vector<Port> ports) {
    Container out;
    out.id = "c1";
    out.name = "web01";
    out.image = "team/web:1";
    out.running = true;
    out.started_at = "2026-11-22T19:49:52Z";
    out.network_mode = "default";
    out.ports = std::move(ports);
    out.networks = {{"bridge", {ip("172.17.0.2")}}};
    return out;
}

Engine engine(const config::DockerSource& source = DockerWorld::unix_source()) {
    return {"docker:" + source.name, "h2", make_vantage(source, DockerWorld::machine()), source.expose};
}

Reading read(const Container& what, const config::DockerSource& source = DockerWorld::unix_source()) {
    return read_container(engine(source), what, what);
}

std::vector<std::string> addresses(const discovery::Fact& fact) {
    std::vector<std::string> out;
    for (const auto& address : fact.addresses) {
        out.push_back(config::to_string(address));
    }
    return out;
}

std::vector<std::string> services(const Reading& reading) {
    std::vector<std::string> out;
    for (const auto& fact : reading.facts) {
        out.push_back(fact.service + "@" + fact.key.instance);
    }
    return out;
}

// case 36
TEST(Addresses, published_ones_of_this_machine_come_first_loopback_last_then_the_containers_own) {
    const auto reading = read(container({tcp(80, {any(32768), {ip("::"), 32768}})}));
    ASSERT_EQ(reading.facts.size(), 1U);
    EXPECT_THAT(addresses(reading.facts[0]), ElementsAre("192.0.2.2:32768", "127.0.0.1:32768", "[2001:db8::2]:32768", "172.17.0.2:80"));
}

TEST(Addresses, a_remote_engine_has_its_own_host_and_strangers_bridges) {
    const auto reading = read(container({tcp(80, {any(32768), {ip("::"), 32768}})}), DockerWorld::tcp_source("192.168.1.13:2375"));
    EXPECT_THAT(addresses(reading.facts.at(0)), ElementsAre("192.168.1.13:32768"));
    EXPECT_FALSE(reading.facts[0].local_source);
    const auto named = read(container({tcp(80, {any(32768)})}), DockerWorld::tcp_source("docker02.lan:2375"));
    EXPECT_THAT(addresses(named.facts.at(0)), ElementsAre("docker02.lan:32768"));
}

TEST(Addresses, a_port_of_one_family_is_not_dialled_in_the_other) {
    const auto web = container({tcp(80, {any(32771), {ip("::"), 32770}})});  // as Docker does after a restart
    EXPECT_THAT(addresses(read(web).facts.at(0)),
                ElementsAre("192.0.2.2:32771", "127.0.0.1:32771", "[2001:db8::2]:32770", "172.17.0.2:80"));
    EXPECT_THAT(addresses(read(web, DockerWorld::tcp_source("192.168.1.13:2375")).facts.at(0)), ElementsAre("192.168.1.13:32771"));
    EXPECT_THAT(addresses(read(web, DockerWorld::tcp_source("docker02.lan:2375")).facts.at(0)), ElementsAre("docker02.lan:32771"));
    const auto only_v6 = container({tcp(80, {{ip("::"), 32770}})});
    EXPECT_THAT(addresses(read(only_v6, DockerWorld::tcp_source("docker02.lan:2375")).facts.at(0)), ElementsAre("docker02.lan:32770"));
    EXPECT_THAT(read(only_v6, DockerWorld::tcp_source("192.168.1.13:2375")).facts, IsEmpty());
}

TEST(Addresses, host_ip_says_where_ports_are) {
    auto source = DockerWorld::unix_source();
    source.host_ip = {ip("10.0.0.9")};
    EXPECT_THAT(addresses(read(container({tcp(80, {any(32768)})}), source).facts.at(0)), ElementsAre("10.0.0.9:32768"));
    auto remote = DockerWorld::tcp_source("192.168.1.13:2375");
    remote.host_ip = {ip("10.0.0.9"), ip("10.0.1.9")};
    EXPECT_THAT(addresses(read(container({tcp(80, {any(32768)})}), remote).facts.at(0)), ElementsAre("10.0.0.9:32768", "10.0.1.9:32768"));
}

TEST(Addresses, loopback_over_tcp_is_local_too) {
    const auto reading = read(container({tcp(80, {{ip("127.0.0.1"), 32768}})}), DockerWorld::tcp_source("127.0.0.1:2375"));
    EXPECT_THAT(addresses(reading.facts.at(0)), ElementsAre("127.0.0.1:32768"));
    EXPECT_TRUE(reading.facts[0].local_source);
}

// case 37
TEST(Addresses, Case37_a_loopback_binding_of_a_remote_engine_is_no_address) {
    const auto reading = read(container({tcp(80, {{ip("127.0.0.1"), 32768}})}), DockerWorld::tcp_source("192.168.1.13:2375"));
    EXPECT_THAT(reading.facts, IsEmpty());
    EXPECT_THAT(reading.skipped, ElementsAre("loopback on a remote engine"));
    EXPECT_THAT(addresses(read(container({tcp(80, {{ip("127.0.0.1"), 32768}})})).facts.at(0)),
                ElementsAre("127.0.0.1:32768", "172.17.0.2:80"));
}

// case 35
TEST(Addresses, Case35_of_several_networks_the_choice_is_told_and_always_the_same) {
    auto two = container({tcp(80)});
    two.networks = {{"back", {ip("10.2.0.5")}}, {"front", {ip("10.1.0.5")}}};
    two.labels = {{"cardea.enable", "true"}};
    const auto reading = read(two);
    EXPECT_THAT(addresses(reading.facts.at(0)), ElementsAre("10.2.0.5:80", "10.1.0.5:80"));
    EXPECT_THAT(reading.notes, Contains(HasSubstr("cardea.network")));
    two.labels["cardea.network"] = "front";
    EXPECT_THAT(addresses(read(two).facts.at(0)), ElementsAre("10.1.0.5:80"));
    EXPECT_THAT(read(two).notes, IsEmpty());
    two.labels["cardea.network"] = "nowhere";
    EXPECT_THAT(read(two).facts, IsEmpty());
    EXPECT_THAT(read(two).notes, Contains(HasSubstr("nowhere")));
    two.labels.erase("cardea.network");
    auto source = DockerWorld::unix_source();
    source.networks = {"front"};
    EXPECT_THAT(addresses(read(two, source).facts.at(0)), ElementsAre("10.1.0.5:80", "10.2.0.5:80"));
    EXPECT_THAT(read(two, source).notes, IsEmpty());
}

TEST(Addresses, a_setting_or_a_label_restricts_them) {
    auto source = DockerWorld::unix_source();
    source.address = config::DockerAddress::container;
    auto web = container({tcp(80, {any(32768)})});
    EXPECT_THAT(addresses(read(web, source).facts.at(0)), ElementsAre("172.17.0.2:80"));
    web.labels = {{"cardea.address", "published"}};
    EXPECT_THAT(addresses(read(web, source).facts.at(0)), ElementsAre("192.0.2.2:32768", "127.0.0.1:32768"));
    auto remote = DockerWorld::tcp_source("192.168.1.13:2375");
    remote.address = config::DockerAddress::container;  // routed on purpose
    web.labels.clear();
    EXPECT_THAT(addresses(read(web, remote).facts.at(0)), ElementsAre("172.17.0.2:80"));
}

// case 54
TEST(Addresses, host_mode_uses_the_hosts_and_none_has_none) {
    auto host = container({tcp(8081)});
    host.network_mode = "host";
    host.networks = {{"host", {}}};
    EXPECT_THAT(addresses(read(host).facts.at(0)), ElementsAre("192.0.2.2:8081", "127.0.0.1:8081", "[2001:db8::2]:8081"));
    EXPECT_THAT(addresses(read(host, DockerWorld::tcp_source("192.168.1.13:2375")).facts.at(0)), ElementsAre("192.168.1.13:8081"));
    auto none = container({tcp(8081)});
    none.network_mode = "none";
    none.networks = {{"none", {}}};
    none.labels = {{"cardea.enable", "true"}};
    EXPECT_THAT(read(none).facts, IsEmpty());
    EXPECT_THAT(read(none).skipped, ElementsAre("no network"));
}

TEST(Names, one_that_no_service_can_have_is_said_and_makes_none) {
    auto unnamed = container({tcp(80, {any(80)})});
    unnamed.image = "sha256:0123456789abcdef";
    unnamed.name = std::string(129, 'n');
    EXPECT_THAT(read(unnamed).facts, IsEmpty());
    EXPECT_THAT(read(unnamed).skipped, ElementsAre("no usable name"));
    EXPECT_THAT(read(unnamed).notes, ElementsAre(HasSubstr("no usable name of 1 to 128 characters: set the label cardea.service")));
    unnamed.name.clear();
    EXPECT_THAT(read(unnamed).facts, IsEmpty());
    auto group = container({tcp(80, {any(80)}), tcp(81, {any(81)})});
    group.image = "sha256:0123456789abcdef";
    group.name = std::string(127, 'n');
    EXPECT_THAT(read(group).facts, IsEmpty()) << "with its port behind it";
    group.labels = {{"cardea.service", "shop"}, {"cardea.port", "80"}};
    EXPECT_THAT(services(read(group)), ElementsAre("shop@c1:80/tcp"));
}

TEST(Ports, only_published_tcp_ports_become_services_by_themselves) {
    EXPECT_THAT(read(container({tcp(80)})).facts, IsEmpty());
    EXPECT_THAT(read(container({tcp(80)})).skipped, ElementsAre("no published tcp port"));
    EXPECT_THAT(read(container({})).skipped, ElementsAre("no published tcp port"));
    EXPECT_THAT(services(read(container({tcp(80, {any(1)}), tcp(9000)}))), ElementsAre("web@c1:80/tcp"));
}

// case 38
TEST(Ports, Case38_udp_is_never_chosen) {
    EXPECT_THAT(read(container({{53, false, {any(53)}}})).facts, IsEmpty());
    auto both = container({{53, false, {any(53)}}, tcp(80, {any(1)})});
    both.labels = {{"cardea.service", "dns"}};
    EXPECT_THAT(services(read(both)), ElementsAre("dns@c1:80/tcp"));
    EXPECT_THAT(read(both).notes, IsEmpty());
}

TEST(Ports, labelled_else_the_only_else_the_lowest_with_a_note) {
    auto web = container({tcp(80, {any(1)}), tcp(8080, {any(2)})});
    web.labels = {{"cardea.service", "shop"}};
    EXPECT_THAT(services(read(web)), ElementsAre("shop@c1:80/tcp"));
    EXPECT_THAT(read(web).notes, ElementsAre(HasSubstr("cardea.port")));
    web.labels["cardea.port"] = "8080";
    EXPECT_THAT(services(read(web)), ElementsAre("shop@c1:8080/tcp"));
    EXPECT_THAT(read(web).notes, IsEmpty());
    web.labels["cardea.port"] = "9999";  // not exposed: at the container's own address
    EXPECT_THAT(addresses(read(web).facts.at(0)), ElementsAre("172.17.0.2:9999"));
    const auto remote = read(web, DockerWorld::tcp_source("192.168.1.13:2375"));
    EXPECT_THAT(remote.facts, IsEmpty());
    EXPECT_THAT(remote.notes, ElementsAre(HasSubstr("9999")));
}

TEST(Names, as_registrator_gives_them) {
    EXPECT_THAT(services(read(container({tcp(80, {any(1)})}))), ElementsAre("web@c1:80/tcp"));
    EXPECT_THAT(services(read(container({tcp(80, {any(1)}), tcp(443, {any(2)})}))), ElementsAre("web-443@c1:443/tcp", "web-80@c1:80/tcp"));
    auto compose = container({tcp(80, {any(1)})});
    compose.labels = {{compose_service_label, "shop"}};
    EXPECT_THAT(services(read(compose)), ElementsAre("shop@c1:80/tcp"));
    auto nameless = container({tcp(80, {any(1)})});
    nameless.image = "sha256:0123456789abcdef";
    EXPECT_THAT(services(read(nameless)), ElementsAre("web01@c1:80/tcp"));
}

// case 56
TEST(Names, Case56_environment_and_labels_of_registrator) {
    auto web = container({tcp(80, {any(1)}), tcp(443, {any(2)}), tcp(8081, {any(3)})});
    web.environment = {"SERVICE_NAME=shop",        "SERVICE_80_NAME=front", "SERVICE_TAGS=a,b\\,c",
                       "SERVICE_8081_IGNORE=true", "SERVICE_443_WEIGHT=7",  "SERVICE_80_ID=me"};
    const auto reading = read(web);
    ASSERT_THAT(services(reading), ElementsAre("shop-443@c1:443/tcp", "front@c1:80/tcp"));
    EXPECT_EQ(reading.facts[0].weight, 7U);
    EXPECT_EQ(reading.facts[0].registrator_id, "h2:web01:443");
    EXPECT_EQ(reading.facts[1].registrator_id, "me");
    EXPECT_THAT(reading.facts[1].tags, ElementsAre("a", "b,c"));
    EXPECT_THAT(reading.skipped, ElementsAre("SERVICE_IGNORE"));
}

TEST(Expose, labelled_needs_a_name_or_a_label_and_all_takes_every_tcp_port) {
    auto source = DockerWorld::unix_source();
    source.expose = config::Expose::labelled;
    auto web = container({tcp(80, {any(1)}), tcp(9000)});
    EXPECT_THAT(read(web, source).facts, IsEmpty());
    web.environment = {"SERVICE_NAME=shop"};
    EXPECT_THAT(services(read(web, source)), ElementsAre("shop@c1:80/tcp"));
    web.environment.clear();
    web.labels = {{"cardea.host", "shop.example.com"}};
    EXPECT_THAT(services(read(web, source)), ElementsAre("web@c1:80/tcp"));
    EXPECT_EQ(read(web, source).facts[0].labels.at("host"), "shop.example.com");
    web.labels = {{"cardea.enable", "false"}, {"cardea.port", "80"}};
    EXPECT_THAT(read(web, source).facts, IsEmpty());
    web.labels.clear();
    source.expose = config::Expose::all;
    EXPECT_THAT(services(read(web, source)), ElementsAre("web-80@c1:80/tcp", "web-9000@c1:9000/tcp"));
}

TEST(Facts, carry_weight_drain_and_what_is_wrong_with_labels) {
    auto web = container({tcp(80, {any(1)})});
    web.labels = {{"cardea.weight", "0"}, {"cardea.drain", "2m"}, {"cardea.hots", "x"}};
    const auto reading = read(web);
    EXPECT_EQ(reading.facts.at(0).weight, 0U);
    EXPECT_EQ(reading.facts[0].drain, config::Duration{120'000});
    EXPECT_THAT(reading.notes, ElementsAre(HasSubstr("container web01 cardea.hots")));
}

}  // namespace
}  // namespace cardea::docker
