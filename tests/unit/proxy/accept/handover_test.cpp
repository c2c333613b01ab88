#include "proxy/accept/handover.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace cardea::accept {
namespace {

using Kind = HandoverMessage::Kind;
using Use = HandoverSocket::Use;

config::Address address(const std::string& text) {
    return config::parse_listen_address(text).value();
}

HandoverMessage offer() {
    HandoverMessage message;
    message.sockets = {{7, Use::listener, "web", address(":8000"), false},
                       {8, Use::listener, "two words", address("127.0.0.1:0"), true},
                       {0, Use::admin, "admin", address("unix:/run/cardea/admin.sock"), false}};
    message.sources = {"consul:dc1", "docker"};
    message.services = {{"web \"quoted\"", 4}};
    message.drains = {{"web", "n1|web-2", 1'795'377'184'000, {"n1|web-2", "0123456789ab:80/tcp"}}, {"api", "10.0.0.1:80", 0, {}}};
    message.last = true;
    return message;
}

TEST(Handover, what_is_said_is_what_is_understood) {
    HandoverMessage ready;
    ready.kind = Kind::ready;
    ready.claimed = {7, 8, 18446744073709551615ULL};
    HandoverMessage failed;
    failed.kind = Kind::failed;
    failed.why = "line one\nline two";
    HandoverMessage go;
    go.kind = Kind::go;
    for (const auto& message : {offer(), HandoverMessage{}, ready, failed, go}) {
        const auto understood = parse_handover(to_text(message));
        ASSERT_TRUE(understood) << understood.error().what;
        EXPECT_EQ(*understood, message);
    }
}

TEST(Handover, another_version_is_named) {
    const auto refused = parse_handover(R"({"cardea_handover":2,"kind":"go","new":true})");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().what, "the other process speaks version 2 of the hand-over, this one version 1");
}

TEST(Handover, members_that_a_later_release_adds_are_passed_over) {
    EXPECT_TRUE(parse_handover(R"({"cardea_handover":1,"kind":"go","since":{"a":[1]}})"));
}

TEST(Handover, half_a_message_is_none) {
    const std::string whole = to_text(offer());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(parse_handover(whole.substr(0, size))) << size;
    }
}

TEST(Handover, what_is_missing_or_of_another_type_spoils_all_of_it) {
    for (
        const char* text : {
            R"({})",
            R"([])",
            R"({"cardea_handover":"1","kind":"go"})",
            R"({"cardea_handover":1})",
            R"({"cardea_handover":1,"kind":"stay"})",
            R"({"cardea_handover":1,"kind":"ready"})",
            R"({"cardea_handover":1,"kind":"ready","claimed":[1,-2]})",
            R"({"cardea_handover":1,"kind":"ready","claimed":{}})",
            R"({"cardea_handover":1,"kind":"failed","why":7})",
            R"({"cardea_handover":1,"kind":"offer","last":true})",
            R"({"cardea_handover":1,"kind":"offer","sockets":[],"sources":[],"services":[]})",
            R"({"cardea_handover":1,"kind":"offer","last":true,"sockets":[{"id":1}],"sources":[],"services":[]})",
            R"({"cardea_handover":1,"kind":"offer","last":true,"sockets":[{"id":1,"use":"door","name":"a","address":":1","foreign":false}],"sources":[],"services":[]})",
            R"({"cardea_handover":1,"kind":"offer","last":true,"sockets":[{"id":1,"use":"listener","name":"a","address":"a.example:1","foreign":false}],"sources":[],"services":[]})",
            R"({"cardea_handover":1,"kind":"offer","last":true,"sockets":[],"sources":[null],"services":[]})",
            R"({"cardea_handover":1,"kind":"offer","last":true,"sockets":[],"sources":[],"services":[{"name":"a"}]})",
            R"({"cardea_handover":1,"kind":"offer","last":true,"sockets":[],"sources":[],"services":[],"drains":[{"service":"a"}]})",
            R"({"cardea_handover":1,"kind":"offer","last":true,"sockets":[],"sources":[],"services":[],"drains":{}})",
        }) {
        EXPECT_FALSE(parse_handover(text)) << text;
    }
}

TEST(Handover, sizes_have_an_end) {
    HandoverMessage many;
    many.kind = Kind::ready;
    many.claimed.assign(10'001, 1);
    EXPECT_FALSE(parse_handover(to_text(many)));
    HandoverMessage long_name;
    long_name.sources = {std::string(4097, 'a')};
    EXPECT_FALSE(parse_handover(to_text(long_name)));
    EXPECT_FALSE(parse_handover(R"({"cardea_handover":1,"kind":"go"})" + std::string(70'000, ' ')));
    EXPECT_FALSE(parse_handover(std::string(100, '[') + std::string(100, ']')));
    HandoverMessage long_reason;
    long_reason.kind = Kind::failed;
    long_reason.why = std::string(100'000, 'x');
    EXPECT_TRUE(parse_handover(to_text(long_reason))) << "our own reasons are cut, not lost";
}

TEST(Handover, any_octets_are_refused_or_understood_alike) {
    rc::check([](const std::string& octets, std::size_t at) {
        std::string text = to_text(offer());
        text.replace(at % text.size(), octets.size() % 8, octets.substr(0, 8));
        if (const auto message = parse_handover(text)) {
            const auto again = parse_handover(to_text(*message));
            RC_ASSERT(again.has_value());
            RC_ASSERT(*again == *message);
        }
    });
}

}  // namespace
}  // namespace cardea::accept
