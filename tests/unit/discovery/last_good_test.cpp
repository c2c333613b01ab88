#include "discovery/last_good.hpp"

#include <gtest/gtest.h>

namespace cardea::discovery {
namespace {

using namespace std::chrono_literals;

const LastGoodOwner the_owner{"consul:dc1", "10.9.9.9:8500", ""};
const config::WallTime written{1'795'377'184'000ms};

Fact remembered_fact(const std::string& instance) {
    Fact fact;
    fact.key = {"consul:dc1", instance};
    fact.service = "web";
    fact.addresses = {config::parse_address("10.0.0.1:80").value(), config::parse_address("[2001:db8::1]:80").value()};
    fact.weight = 7;
    fact.status = Status::draining;
    fact.why = "kill 15 \"quoted\"\n";
    fact.incarnation = "abc 2026";
    fact.registrator_id = "h1:web01:80";
    fact.tags = {"a", "b,c"};
    fact.labels = {{"host", "a.test"}, {"", "empty"}};
    fact.drain = 12s;
    fact.local_source = true;
    return fact;
}

std::string file_of(const std::map<std::string, Remembered>& queries, const LastGoodOwner& owner = the_owner) {
    return write_last_good(owner, queries);
}

std::string refusal(const std::string& file, const LastGoodOwner& owner = the_owner, config::WallTime now = written) {
    const auto read = read_last_good(file, owner, now, 24h);
    return read ? "read" : read.error().what;
}

TEST(LastGood, gives_back_what_was_written) {
    const std::vector<Fact> facts{remembered_fact("a"), remembered_fact("b")};
    const auto file =
        file_of({{"web?tag=x", {remember_query("web?tag=x", facts), written}}, {"empty", {remember_query("empty", {}), written}}});
    const auto read = read_last_good(file, the_owner, written + 1h, 24h);
    ASSERT_TRUE(read) << read.error().what;
    ASSERT_EQ(read->size(), 2U);
    EXPECT_EQ(read->at("web?tag=x").facts, facts);
    EXPECT_EQ(read->at("web?tag=x").confirmed, written);
    EXPECT_TRUE(read->at("empty").facts.empty());
}

TEST(LastGood, Case67_a_file_cut_anywhere_is_refused) {
    const auto file = file_of({{"web", {remember_query("web", {remembered_fact("a")}), written}}});
    ASSERT_EQ(refusal(file), "read");
    for (std::size_t length = 0; length < file.size(); ++length) {
        ASSERT_NE(refusal(file.substr(0, length)), "read") << length;
    }
    EXPECT_EQ(refusal(file.substr(0, file.size() - 5)), "its checksum is wrong: it was cut short or changed");
    EXPECT_EQ(refusal(""), "it is not a file of this kind and version");
}

TEST(LastGood, a_file_with_one_wrong_bit_is_refused) {
    const auto file = file_of({{"web", {remember_query("web", {remembered_fact("a")}), written}}});
    for (std::size_t at = 0; at < file.size(); ++at) {
        auto wrong = file;
        wrong[at] = static_cast<char>(wrong[at] ^ 4);
        ASSERT_NE(refusal(wrong), "read") << at;
    }
}

TEST(LastGood, another_sources_file_is_refused_by_name) {
    const auto file = file_of({});
    EXPECT_EQ(refusal(file, {"consul:dc2", the_owner.settings, ""}), "it belongs to consul:dc1 at 10.9.9.9:8500");
    EXPECT_EQ(refusal(file, {the_owner.source, "10.9.9.8:8500", ""}), "it belongs to consul:dc1 at 10.9.9.9:8500");
    EXPECT_EQ(refusal(file, {the_owner.source, the_owner.settings, "other"}), "it was written before this machine's last boot");
}

TEST(LastGood, ages_by_query) {
    const auto file = file_of({{"old", {remember_query("old", {}), written - 25h}},
                               {"young", {remember_query("young", {}), written - 23h}},
                               {"future", {remember_query("future", {}), written + 25h}}});
    const auto read = read_last_good(file, the_owner, written, 24h);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->size(), 1U);
    EXPECT_TRUE(read->contains("young"));
    EXPECT_EQ(refusal(file_of({{"old", {remember_query("old", {}), written - 25h}}})), "everything in it is older than 1d");
}

TEST(LastGood, an_instance_that_makes_no_sense_refuses_the_file) {
    for (const char* text : {R"({"query":"web","facts":[{}]})",
                             R"({"query":"web","facts":[{"instance":"a","addresses":["nonsense"],"weight":1,"status":"up"}]})",
                             R"({"query":"web","facts":[{"instance":"a","addresses":[],"weight":1,"status":"up"}]})",
                             R"({"query":"web","facts":[{"instance":"a","addresses":["10.0.0.1:80"],"weight":4294967296,"status":"up"}]})",
                             R"({"query":"web","facts":[{"instance":"a","addresses":["10.0.0.1:80"],"weight":1,"status":"happy"}]})",
                             R"({"query":"web"})", R"({"facts":[]})", "{", "{{{{"}) {
        EXPECT_NE(refusal(file_of({{"web", {text, written}}})), "read") << text;
    }
}

}  // namespace
}  // namespace cardea::discovery
