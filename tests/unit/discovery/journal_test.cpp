#include "discovery/journal.hpp"

#include <gtest/gtest.h>

#include "discovery/journal_json.hpp"

namespace cardea::discovery {
namespace {

using namespace std::chrono_literals;
using Kind = JournalEntry::Kind;

const config::WallTime start{std::chrono::hours(24 * 365 * 56)};

JournalEntry entry(Kind kind, config::WallTime at, std::string endpoint = {}, std::string state = {}, std::string service = "web") {
    JournalEntry made;
    made.kind = kind;
    made.at = at;
    made.service = std::move(service);
    made.endpoint = std::move(endpoint);
    made.state = std::move(state);
    made.source = "consul:dc1";
    return made;
}

std::string shown(const std::optional<std::vector<PastMember>>& set) {
    if (!set) {
        return "not kept";
    }
    std::string out;
    for (const auto& member : *set) {
        out += (out.empty() ? "" : " ") + member.endpoint + "=" + member.state;
    }
    return out;
}

class JournalTest : public testing::Test {
protected:
    Journal journal{100, start};
    std::string at(config::WallTime when, std::string_view service = "web") { return shown(journal.set_at(service, when)); }
};

TEST_F(JournalTest, tells_the_set_of_any_moment) {
    journal.add(entry(Kind::started, start));
    journal.add(entry(Kind::endpoint_added, start + 1s, "a", "unprobed"));
    journal.add(entry(Kind::endpoint_state, start + 2s, "a", "up"));
    journal.add(entry(Kind::endpoint_added, start + 3s, "b", "up"));
    journal.add(entry(Kind::endpoint_removed, start + 4s, "a"));
    EXPECT_EQ(at(start), "");
    EXPECT_EQ(at(start + 1s), "a=unprobed") << "the moment itself counts";
    EXPECT_EQ(at(start + 2999ms), "a=up");
    EXPECT_EQ(at(start + 3s), "a=up b=up");
    EXPECT_EQ(at(start + 1h), "b=up");
    EXPECT_EQ(at(start + 1h, "other"), "");
    EXPECT_EQ(at(start - 1s), "not kept");
    EXPECT_TRUE(journal.knows("web"));
    EXPECT_FALSE(journal.knows("other"));
}

TEST_F(JournalTest, a_moment_as_shown_finds_its_entry) {
    journal.add(entry(Kind::endpoint_added, start + 1s + 999us, "a", "up"));
    EXPECT_EQ(at(start + 1s), "a=up") << "people see milliseconds";
    EXPECT_EQ(at(start + 999ms), "");
}

TEST_F(JournalTest, since_is_that_of_the_state) {
    journal.add(entry(Kind::endpoint_added, start + 1s, "a", "up"));
    auto heavier = entry(Kind::endpoint_changed, start + 2s, "a", "up");
    heavier.weight = 7;
    heavier.cause = "weight 7";
    journal.add(heavier);
    const auto set = journal.set_at("web", start + 3s);
    ASSERT_EQ(set->size(), 1U);
    EXPECT_EQ(set->front().weight, 7U);
    EXPECT_EQ(set->front().since, start + 1s);
    EXPECT_EQ(set->front().cause, "") << "of the state, not of the weight";
}

TEST_F(JournalTest, what_makes_way_is_remembered_as_a_set) {
    Journal small(3, start);
    small.add(entry(Kind::endpoint_added, start + 1s, "a", "up"));
    small.add(entry(Kind::endpoint_added, start + 2s, "b", "up"));
    small.add(entry(Kind::endpoint_added, start + 3s, "c", "up"));
    EXPECT_EQ(small.dropped(), 0U);
    small.add(entry(Kind::endpoint_removed, start + 4s, "a"));
    small.add(entry(Kind::endpoint_state, start + 5s, "b", "down"));
    EXPECT_EQ(small.dropped(), 2U);
    EXPECT_EQ(small.size(), 3U);
    EXPECT_EQ(small.kept_since(), start + 2s);
    EXPECT_EQ(shown(small.set_at("web", start + 1s)), "not kept");
    EXPECT_EQ(shown(small.set_at("web", start + 2s)), "a=up b=up");
    EXPECT_EQ(shown(small.set_at("web", start + 9s)), "b=down c=up");
}

TEST_F(JournalTest, memory_does_not_grow_with_endpoints_that_left) {
    Journal small(10, start);
    for (int i = 0; i < 10'000; ++i) {
        small.add(entry(Kind::endpoint_added, start, "e" + std::to_string(i), "up", "s" + std::to_string(i)));
        small.add(entry(Kind::endpoint_removed, start, "e" + std::to_string(i), "", "s" + std::to_string(i)));
    }
    EXPECT_EQ(small.size(), 10U);
    EXPECT_FALSE(small.knows("s1"));
}

TEST_F(JournalTest, a_start_begins_with_nothing) {
    journal.add(entry(Kind::endpoint_added, start + 1s, "a", "up"));
    journal.add(entry(Kind::started, start + 2s, "", "", ""));
    journal.add(entry(Kind::endpoint_added, start + 3s, "b", "up"));
    EXPECT_EQ(at(start + 1s), "a=up");
    EXPECT_EQ(at(start + 2s), "");
    EXPECT_EQ(at(start + 3s), "b=up");
}

TEST_F(JournalTest, a_clock_set_back_changes_no_order) {
    journal.add(entry(Kind::endpoint_added, start + 100s, "a", "up"));
    journal.add(entry(Kind::endpoint_removed, start + 50s, "a"));
    EXPECT_EQ(at(start + 200s), "");
    EXPECT_EQ(at(start + 60s), "") << "its arrival was later by the clock of then";
}

TEST_F(JournalTest, ids_grow_over_restarts_without_a_file) {
    const auto first = journal.add(entry(Kind::started, start)).id;
    Journal later(100, start + 1s);
    EXPECT_GT(later.add(entry(Kind::started, start + 1s)).id, first);
}

TEST_F(JournalTest, restores_what_another_process_wrote) {
    std::vector<JournalEntry> former;
    for (std::uint64_t i = 1; i <= 3; ++i) {
        former.push_back(
            entry(Kind::endpoint_added, start - 10s + std::chrono::seconds(i), std::string(1, static_cast<char>('a' + i)), "up"));
        former.back().id = i;
    }
    former[2].id = 2;  // damaged: it must not make two entries of one id
    journal.restore(former);
    journal.add(entry(Kind::started, start, "", "", ""));
    EXPECT_EQ(journal.kept_since(), start - 9s);
    EXPECT_EQ(at(start - 1s), "b=up c=up");
    EXPECT_EQ(at(start), "");
    EXPECT_EQ(journal.first_id(), 1U);
    EXPECT_TRUE(journal.added().contains({"consul:dc1", Kind::started}));
    EXPECT_FALSE(journal.added().contains({"consul:dc1", Kind::endpoint_added})) << "what others added is not counted again";
}

TEST_F(JournalTest, restores_no_more_than_it_keeps) {
    std::vector<JournalEntry> former;
    for (std::uint64_t i = 1; i <= 500; ++i) {
        former.push_back(entry(Kind::endpoint_state, start, "a", i % 2 == 0 ? "up" : "down"));
        former.back().id = i;
    }
    journal.restore(former);
    EXPECT_EQ(journal.size(), 100U);
    EXPECT_EQ(journal.dropped(), 0U);
    EXPECT_EQ(journal.first_id(), 401U);
}

TEST_F(JournalTest, finds_by_service_time_and_place) {
    for (int i = 0; i < 10; ++i) {
        journal.add(entry(Kind::endpoint_state, start + std::chrono::seconds(i), "a", "up", i % 2 == 0 ? "web" : "api"));
    }
    const auto last = journal.last_id();
    EXPECT_EQ(journal.find({}).size(), 10U);
    EXPECT_EQ(journal.find({.service = "web"}).size(), 5U);
    EXPECT_EQ(journal.find({.since = start + 7s}).size(), 3U);
    EXPECT_EQ(journal.find({.after = last - 2}).size(), 2U);
    const auto newest = journal.find({.service = "web", .newest = 2});
    ASSERT_EQ(newest.size(), 2U);
    EXPECT_EQ(newest[0]->at, start + 6s);
    EXPECT_EQ(newest[1]->at, start + 8s) << "oldest first";
    EXPECT_EQ(journal.next(last - 3, 2).size(), 2U);
    EXPECT_EQ(journal.next(last - 3, 2).front()->id, last - 2);
    EXPECT_TRUE(journal.next(last, 10).empty());
    EXPECT_TRUE(journal.next(~std::uint64_t{0}, 10).empty());
    EXPECT_EQ(journal.next(0, 1).front()->id, journal.first_id()) << "of what is no longer kept, the rest";
}

TEST_F(JournalTest, long_texts_are_cut_and_sources_counted_up_to_a_limit) {
    auto long_one = entry(Kind::source_state, start);
    long_one.cause.assign(100'000, 'x');
    EXPECT_EQ(journal.add(long_one).cause.size(), 512U);
    for (int i = 0; i < 1'000; ++i) {
        auto one = entry(Kind::source_state, start);
        one.source = "file:/" + std::to_string(i);
        journal.add(one);
    }
    EXPECT_LE(journal.added().size(), 257U);
    EXPECT_GT(journal.added().at({"others", Kind::source_state}), 700U);
}

TEST_F(JournalTest, keeps_fewer_when_told_so) {
    for (int i = 0; i < 50; ++i) {
        journal.add(entry(Kind::endpoint_state, start + std::chrono::seconds(i), "a", "up"));
    }
    journal.set_entries_max(5);
    EXPECT_EQ(journal.size(), 5U);
    EXPECT_EQ(at(start + 44s), "a=up");
}

TEST(JournalJson, comes_back_as_it_went) {
    auto one = entry(Kind::receipt, start + 123ms, "node|web-1", "up");
    one.id = 1'795'393'924'765'878;
    one.cause = "index 120 -> 124, \"quoted\"\n\x01";
    one.evidence = "strong";
    one.effect = "up -> removed";
    one.address = "10.0.0.2:80";
    one.weight = 3;
    one.receipt = Receipt{5, 3, 1, 1};
    EXPECT_EQ(parse_entry(entry_json(one)).value(), one);
    EXPECT_EQ(entry_json(one).find('\n'), std::string::npos) << "one line";
}

TEST(JournalJson, every_kind_has_a_word) {
    for (int i = 0; i <= static_cast<int>(Kind::config_refused); ++i) {
        const auto kind = static_cast<Kind>(i);
        EXPECT_FALSE(word_of(kind).empty());
        EXPECT_EQ(journal_kind(word_of(kind)), kind);
    }
}

TEST(JournalJson, a_damaged_line_is_an_error_not_an_entry) {
    const std::string whole = entry_json(entry(Kind::endpoint_added, start, "a", "up"));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(parse_entry(whole.substr(0, size))) << size;
    }
    EXPECT_FALSE(parse_entry("{}"));
    EXPECT_FALSE(parse_entry("[]"));
    EXPECT_FALSE(parse_entry(R"({"id":1,"time":"2026-11-22T20:00:00Z","kind":"unheard"})"));
    EXPECT_FALSE(parse_entry(R"({"id":-1,"time":"2026-11-22T20:00:00Z","kind":"started"})"));
    EXPECT_FALSE(parse_entry(R"({"id":1,"time":"later","kind":"started"})"));
    EXPECT_TRUE(parse_entry(R"({"id":1,"time":"2026-11-22T20:00:00Z","kind":"started","new":[1,2]})"));
}

}  // namespace
}  // namespace cardea::discovery
