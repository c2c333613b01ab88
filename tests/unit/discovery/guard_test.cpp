#include "discovery/guard.hpp"

#include <gtest/gtest.h>
#include <random>

namespace cardea::discovery {
namespace {

using Services = std::vector<std::string>;

Fact guard_fact(const std::string& name, Status status = Status::up) {
    Fact fact;
    fact.key = {"consul:dc1", name};
    fact.service = "web";
    fact.status = status;
    return fact;
}

Publish answer(const Services& names, Evidence evidence, const std::string& query = "web") {
    Publish publish{.query = query, .evidence = evidence};
    for (const auto& name : names) {
        publish.facts.push_back(guard_fact(name));
    }
    return publish;
}

/// `a b* c`: a star marks what is held.
std::string shown(const Guard& guard, const std::string& query = "web") {
    std::string out;
    for (const Fact& fact : guard.facts(query)) {
        out += (out.empty() ? "" : " ") + fact.key.instance + (fact.held ? "*" : "");
    }
    return out;
}

TEST(Guard, obeys_strong_evidence_at_once) {
    Guard guard;
    guard.apply(answer({"a", "b"}, Evidence::strong));
    guard.apply(answer({"b"}, Evidence::strong));
    EXPECT_EQ(shown(guard), "b");
    guard.apply(answer({}, Evidence::strong));
    EXPECT_EQ(shown(guard), "");
}

TEST(Guard, holds_what_a_weak_answer_lacks_and_takes_what_it_adds) {
    Guard guard;
    guard.apply(answer({"a", "b"}, Evidence::strong));
    guard.apply(answer({"c"}, Evidence::weak));
    EXPECT_EQ(shown(guard), "a* b* c");
    guard.apply(answer({"b", "c"}, Evidence::settling));
    EXPECT_EQ(shown(guard), "a* b c");
}

TEST(Guard, holds_however_long_the_same_empty_answer_repeats) {
    Guard guard;
    guard.apply(answer({"a", "b"}, Evidence::strong));
    for (int i = 0; i < 1000; ++i) {
        guard.apply(answer({}, i < 10 ? Evidence::weak : i < 20 ? Evidence::settling : Evidence::strong));
        ASSERT_EQ(shown(guard), "a* b*");
    }
}

TEST(Guard, lets_go_on_strong_evidence_after_a_full_answer) {
    Guard guard;
    guard.apply(answer({"a", "b"}, Evidence::strong));
    guard.apply(answer({}, Evidence::weak));
    guard.apply(answer({"a"}, Evidence::strong));
    EXPECT_EQ(shown(guard), "a b*");  // the full answer itself proves nothing yet: b may be the next to return
    guard.apply(answer({"a"}, Evidence::strong));
    EXPECT_EQ(shown(guard), "a");
}

TEST(Guard, lets_go_when_the_probe_fails) {
    Guard guard;
    guard.apply(answer({"a", "b"}, Evidence::strong));
    guard.apply(answer({}, Evidence::weak));
    EXPECT_TRUE(guard.let_go("web", {"consul:dc1", "a"}));
    EXPECT_EQ(shown(guard), "b*");
    EXPECT_FALSE(guard.let_go("web", {"consul:dc1", "a"}));
    EXPECT_FALSE(guard.let_go("api", {"consul:dc1", "b"}));
    EXPECT_TRUE(guard.let_go("web", {"consul:dc1", "b@10.0.0.1"}));
    EXPECT_EQ(shown(guard), "");
}

TEST(Guard, a_failed_probe_takes_nothing_that_an_answer_names) {
    Guard guard;
    guard.apply(answer({"a"}, Evidence::strong));
    EXPECT_FALSE(guard.let_go("web", {"consul:dc1", "a"}));
    guard.apply(answer({}, Evidence::weak));
    guard.apply(answer({"a"}, Evidence::weak));
    EXPECT_FALSE(guard.let_go("web", {"consul:dc1", "a"}));
    EXPECT_EQ(shown(guard), "a");
}

TEST(Guard, obeys_removals_of_what_was_shown_since_the_return) {
    Guard guard;
    guard.apply(answer({"a", "b", "c"}, Evidence::strong));
    guard.apply(answer({"a", "b"}, Evidence::weak));
    guard.apply(answer({"a"}, Evidence::settling));
    EXPECT_EQ(shown(guard), "a c*");
}

TEST(Guard, a_full_answer_of_the_source_gives_strong_evidence_its_weight) {
    Guard guard;
    guard.apply(answer({"a"}, Evidence::strong, "web"));
    guard.apply(answer({"x"}, Evidence::strong, "api"));
    guard.apply(answer({}, Evidence::weak, "web"));
    guard.apply(answer({}, Evidence::weak, "api"));
    guard.apply(answer({}, Evidence::strong, "web"));
    EXPECT_EQ(shown(guard, "web"), "a*");
    guard.apply(answer({"x"}, Evidence::settling, "api"));  // the source shows something again
    EXPECT_EQ(shown(guard, "web"), "a*");
    guard.apply(answer({}, Evidence::settling, "web"));
    EXPECT_EQ(shown(guard, "web"), "a*");
    guard.apply(answer({}, Evidence::strong, "web"));
    EXPECT_EQ(shown(guard, "web"), "");
    EXPECT_EQ(shown(guard, "api"), "x");
    EXPECT_EQ(guard.held_count(), 0U);
}

TEST(Guard, an_answer_proven_to_have_read_rights_ends_what_is_held) {
    Guard guard;
    guard.apply(answer({"a", "b"}, Evidence::strong));
    guard.apply(answer({}, Evidence::weak));
    EXPECT_EQ(guard.held_count(), 2U);
    guard.apply(answer({}, Evidence::proven));
    EXPECT_EQ(shown(guard), "");
    EXPECT_EQ(guard.held_count(), 0U);
}

TEST(Guard, what_an_earlier_run_knew_stays_until_the_source_speaks) {
    const std::vector<Fact> earlier{guard_fact("a"), guard_fact("b"), guard_fact("c", Status::down)};
    Guard guard;
    guard.restore("web", earlier);
    EXPECT_TRUE(guard.facts("web")[0].restored);
    EXPECT_FALSE(guard.sound("web"));
    guard.apply(answer({"a"}, Evidence::weak));
    EXPECT_EQ(shown(guard), "a b*") << "c did not serve";
    EXPECT_FALSE(guard.facts("web")[0].restored);
    EXPECT_TRUE(guard.facts("web")[1].restored);
    guard.apply(answer({"a"}, Evidence::strong));
    EXPECT_EQ(shown(guard), "a");
    EXPECT_TRUE(guard.sound("web"));
    guard.restore("web", earlier);
    EXPECT_EQ(shown(guard), "a") << "too late";
}

TEST(Guard, a_complete_answer_ends_what_it_did_not_speak_of) {
    Guard guard;
    guard.restore("web", {guard_fact("a")});
    guard.restore("api", {guard_fact("b")});
    guard.apply(answer({"a"}, Evidence::strong, "web"));
    EXPECT_EQ(guard.drop_unanswered(), Services{"api"});
    EXPECT_EQ(shown(guard, "api"), "");
    EXPECT_EQ(shown(guard, "web"), "a");
}

TEST(Guard, does_not_hold_what_does_not_serve) {
    Guard guard;
    Publish publish{.query = "web"};
    publish.facts = {guard_fact("a", Status::draining), guard_fact("b", Status::down), guard_fact("c", Status::paused),
                     guard_fact("d", Status::starting)};
    guard.apply(publish);
    guard.apply(answer({}, Evidence::weak));
    EXPECT_EQ(shown(guard), "d*");
}

TEST(Guard, takes_a_worse_status_on_any_evidence) {
    Guard guard;
    guard.apply(answer({"a"}, Evidence::strong));
    Publish publish{.query = "web", .evidence = Evidence::weak};
    publish.facts = {guard_fact("a", Status::draining)};
    guard.apply(publish);
    EXPECT_EQ(guard.facts("web")[0].status, Status::draining);
}

/// Whatever comes: what an answer names is there as it names it, and nothing vanishes but on the grounds it may.
TEST(Guard, invariants_hold_over_random_histories) {
    std::mt19937 random(5);
    for (int round = 0; round < 300; ++round) {
        Guard guard;
        for (int step = 0; step < 30; ++step) {
            const std::vector<Fact> before = guard.facts("web");
            Services names;
            for (const char* name : {"a", "b", "c", "d"}) {
                if (random() % 2 == 0) {
                    names.emplace_back(name);
                }
            }
            const auto evidence = static_cast<Evidence>(random() % 4);
            guard.apply(answer(names, evidence));
            const auto& after = guard.facts("web");
            EXPECT_TRUE(std::is_sorted(after.begin(), after.end(), [](const Fact& x, const Fact& y) { return x.key < y.key; }));
            for (const Fact& fact : after) {
                EXPECT_NE(fact.held, std::find(names.begin(), names.end(), fact.key.instance) != names.end());
            }
            if (evidence == Evidence::weak) {
                EXPECT_GE(after.size(), before.size());
            }
            EXPECT_EQ(guard.held_count(),
                      static_cast<std::size_t>(std::count_if(after.begin(), after.end(), [](const Fact& fact) { return fact.held; })));
            EXPECT_TRUE(evidence != Evidence::proven || guard.held_count() == 0);
        }
    }
}

}  // namespace
}  // namespace cardea::discovery
