#include "proxy/http/forwarded.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace cardea::http {
namespace {

config::Cidr cidr(const std::string& text) {
    return config::parse_cidr(text).value();
}

struct Client {
    std::vector<std::pair<std::string, std::string>> fields{};
    bool trusted{true};
    std::string address{"10.0.0.1"};
    std::vector<config::Cidr> proxies{cidr("10.0.0.0/8"), cidr("fd00::/8")};
    config::Headers policy{};
    std::uint64_t seed{1};
    RequestHead head{};
    Forwarded out{};

    Forwarded& fill() {
        head.authority = "www.example.com";
        for (const auto& [name, value] : fields) {
            EXPECT_TRUE(head.fields.push(name, value));
        }
        const Peer peer{config::parse_ip(address).value(), trusted, 8000, address};
        fill_forwarded(head, peer, proxies, policy, seed, out);
        return out;
    }
};

TEST(FillForwarded, a_stranger_is_who_the_socket_says) {
    Client client{.fields = {{"X-Forwarded-For", "1.1.1.1"},
                             {"X-Real-IP", "1.1.1.1"},
                             {"X-Forwarded-Proto", "https"},
                             {"X-Forwarded-Host", "evil"},
                             {"X-Forwarded-Port", "1"},
                             {"X-Request-Id", "x"}},
                  .trusted = false,
                  .address = "192.0.2.9"};
    const auto& out = client.fill();
    EXPECT_EQ(out.client_ip, "192.0.2.9");
    EXPECT_EQ(out.peer_ip, "192.0.2.9");
    EXPECT_EQ(out.proto, "http");
    EXPECT_EQ(out.host, "www.example.com");
    EXPECT_EQ(out.port, "8000");
    EXPECT_EQ(out.via, "cardea");
    EXPECT_EQ(out.request_id.size(), 32U);
    EXPECT_FALSE(out.trusted_peer);
}

TEST(FillForwarded, walks_back_over_trusted_proxies_only) {
    struct Walk {
        std::vector<std::string> lines;
        std::string client;
    };
    for (const auto& walk : std::vector<Walk>{
             {{}, "10.0.0.1"},
             {{"1.1.1.1"}, "1.1.1.1"},
             {{"6.6.6.6, 1.1.1.1"}, "1.1.1.1"},
             {{"6.6.6.6, 1.1.1.1, 10.2.2.2,10.3.3.3"}, "1.1.1.1"},
             {{"6.6.6.6", "1.1.1.1", "10.2.2.2"}, "1.1.1.1"},
             {{"10.9.9.9, 10.2.2.2"}, "10.9.9.9"},
             {{"1.1.1.1, garbage, 10.2.2.2"}, "10.2.2.2"},
             {{"1.1.1.1, unknown"}, "10.0.0.1"},
             {{"1.1.1.1, "}, "10.0.0.1"},
             {{"1.1.1.1:4711, 10.2.2.2:80"}, "1.1.1.1"},
             {{"[2001:db8::1]:4711"}, "2001:db8::1"},
             {{"2001:db8::1, fd00::2"}, "2001:db8::1"},
             {{"1.1.1.1\r\nX: y"}, "10.0.0.1"},
             {{"1.1.1.999"}, "10.0.0.1"},
             {{""}, "10.0.0.1"},
         }) {
        Client client;
        for (const auto& line : walk.lines) {
            client.fields.emplace_back("X-Forwarded-For", line);
        }
        EXPECT_EQ(client.fill().client_ip, walk.client) << testing::PrintToString(walk.lines);
    }
}

TEST(FillForwarded, a_walk_ends) {
    std::string hops = "1.1.1.1";
    for (int i = 0; i < 1000; ++i) {
        hops += ",10.2.2.2";
    }
    Client client{.fields = {{"X-Forwarded-For", hops}}};
    EXPECT_EQ(client.fill().client_ip, "10.2.2.2");
}

TEST(FillForwarded, a_real_ip_counts_where_there_is_no_list) {
    EXPECT_EQ((Client{.fields = {{"X-Real-IP", "1.1.1.1"}}}.fill().client_ip), "1.1.1.1");
    EXPECT_EQ((Client{.fields = {{"X-Real-IP", "me"}}}.fill().client_ip), "10.0.0.1");
    EXPECT_EQ((Client{.fields = {{"X-Real-IP", "1.1.1.1"}, {"X-Forwarded-For", "2.2.2.2"}}}.fill().client_ip), "2.2.2.2");
    EXPECT_EQ((Client{.fields = {{"X-Real-IP", "1.1.1.1"}, {"X-Real-IP", "2.2.2.2"}}}.fill().client_ip), "10.0.0.1");
}

TEST(FillForwarded, a_trusted_peer_is_believed_what_makes_sense) {
    Client good{.fields = {{"X-Forwarded-Proto", "http, https"},
                           {"X-Forwarded-Host", "shop.example:444"},
                           {"X-Forwarded-Port", "444"},
                           {"X-Request-Id", "ab-1_2"}}};
    EXPECT_EQ(good.fill().proto, "https");
    EXPECT_EQ(good.out.host, "shop.example:444");
    EXPECT_EQ(good.out.port, "444");
    EXPECT_EQ(good.out.request_id, "ab-1_2");
    Client bad{
        .fields = {{"X-Forwarded-Proto", "gopher"}, {"X-Forwarded-Host", "a b"}, {"X-Forwarded-Port", "x"}, {"X-Request-Id", "a\"b"}}};
    EXPECT_EQ(bad.fill().proto, "http");
    EXPECT_EQ(bad.out.host, "www.example.com");
    EXPECT_EQ(bad.out.port, "8000");
    EXPECT_EQ(bad.out.request_id.size(), 32U);
}

TEST(FillForwarded, request_ids_do_not_repeat) {
    std::set<std::string> ids;
    for (std::uint64_t seed = 0; seed < 1000; ++seed) {
        Client client{.seed = seed};
        const std::string id{client.fill().request_id};
        EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
        ids.insert(id.substr(0, 16));
        ids.insert(id.substr(16));
    }
    EXPECT_EQ(ids.size(), 2000U);
}

TEST(OwnHops, are_counted_by_pseudonym) {
    const auto hops = [](const std::vector<std::string>& lines) {
        Fields fields;
        for (const auto& line : lines) {
            EXPECT_TRUE(fields.push("Via", line));
        }
        return own_hops(fields, "cardea");
    };
    EXPECT_EQ(hops({}), 0U);
    EXPECT_EQ(hops({""}), 0U);
    EXPECT_EQ(hops({"1.1 cardea"}), 1U);
    EXPECT_EQ(hops({"1.0 fred, 1.1  Cardea (front door),HTTP/2.0\tcardea(x)", "1.1 cardea"}), 3U);
    EXPECT_EQ(hops({"cardea, 1.1 cardea:80, 1.1 cardeas, 1.1 a cardea, 1.1"}), 0U);
}

}  // namespace
}  // namespace cardea::http
