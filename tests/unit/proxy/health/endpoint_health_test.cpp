#include "proxy/health/endpoint_health.hpp"

#include "proxy/health/admission.hpp"

#include <gtest/gtest.h>

namespace cardea::health {
namespace {

using balance::Suspension;
using discovery::Status;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using Verdict = ProbeOutcome::Verdict;

/// One endpoint and a clock that only the test moves.
class EndpointHealthTest : public testing::Test {
protected:
    EndpointHealth discovered() { return {policy, true, 1, now}; }
    EndpointHealth written() { return {policy, false, 1, now}; }

    /// Moves the clock to the next probe and answers it; how long that took to come.
    config::Duration answer(EndpointHealth& health, Verdict verdict, const std::string& why = "why") {
        const auto due = health.next_probe();
        if (!due) {
            ADD_FAILURE() << "no probe is due";
            return {};
        }
        const auto wait = std::chrono::duration_cast<config::Duration>(due->when - now);
        now = std::max(now, due->when);
        health.probe_started(due->purpose, now);
        health.on_probe(due->purpose, health.era(), {verdict, why, 0}, now);
        return wait;
    }
    bool trouble(EndpointHealth& health, Trouble what, std::uint32_t consecutive = 1) {
        return health.on_trouble({what, "seen", consecutive, in_use}, company, now);
    }

    bool registry(EndpointHealth& health, Status status, bool by_check = false) {
        return health.set_registry(status, status == Status::up ? "" : "said so", by_check, now);
    }

    config::Health policy{};
    std::uint32_t in_use{8};
    Company company{4, 4, 0};
    config::TimePoint now{std::chrono::hours(1)};
};

TEST_F(EndpointHealthTest, a_discovered_endpoint_waits_for_its_first_good_probe) {
    auto health = discovered();
    EXPECT_EQ(health.suspension(), Suspension::unprobed);
    EXPECT_EQ(answer(health, Verdict::good), 0ms);
    EXPECT_EQ(health.suspension(), Suspension::none);
    EXPECT_EQ(health.why(), "");
    EXPECT_FALSE(health.next_probe()) << "nothing more is to be learnt";
}

TEST_F(EndpointHealthTest, a_written_endpoint_serves_at_once_and_is_at_most_connected_to) {
    auto health = written();
    EXPECT_EQ(health.suspension(), Suspension::none);
    EXPECT_FALSE(health.next_probe());
    trouble(health, Trouble::closed);
    ASSERT_TRUE(health.next_probe());
    EXPECT_EQ(health.next_probe()->purpose, Purpose::suspicion);
    EXPECT_EQ(health.plan(Purpose::suspicion).kind, ProbePlan::Kind::tcp) << "nobody asked for probes of it";
    answer(health, Verdict::refused);
    EXPECT_EQ(health.suspension(), Suspension::refused);
    EXPECT_EQ(health.plan(Purpose::admission).kind, ProbePlan::Kind::http) << "a suspension ends by a full probe";
}

TEST_F(EndpointHealthTest, a_probe_that_could_not_be_made_says_nothing_and_is_made_later) {
    auto newcomer = discovered();
    for (int i = 0; i < 20; ++i) {
        answer(newcomer, Verdict::unmade);
        EXPECT_EQ(newcomer.suspension(), Suspension::unprobed);
        EXPECT_EQ(answer(newcomer, Verdict::unmade), 100ms) << "no ladder: nothing was learnt";
    }
    answer(newcomer, Verdict::good);
    EXPECT_EQ(newcomer.suspension(), Suspension::none);

    policy.active.emplace();
    auto checked = discovered();
    answer(checked, Verdict::good);
    for (std::uint32_t i = 0; i < 3 * policy.active->down_after; ++i) {
        EXPECT_GT(answer(checked, Verdict::unmade), 0ms);
        EXPECT_EQ(checked.suspension(), Suspension::none);
    }

    policy.active.reset();
    auto doubted = discovered();
    answer(doubted, Verdict::good);
    trouble(doubted, Trouble::closed);
    answer(doubted, Verdict::unmade);
    EXPECT_EQ(doubted.suspension(), Suspension::none);
    EXPECT_EQ(answer(doubted, Verdict::refused), 100ms) << "the doubt is still there";
    EXPECT_EQ(doubted.suspension(), Suspension::refused);
}

TEST_F(EndpointHealthTest, admission_off_serves_at_once_and_readmits_by_tcp) {
    policy.admission = config::Admission::off;
    auto health = discovered();
    EXPECT_EQ(health.suspension(), Suspension::none);
    trouble(health, Trouble::refused);
    EXPECT_EQ(health.plan(Purpose::admission).kind, ProbePlan::Kind::tcp);
    answer(health, Verdict::good);
    EXPECT_EQ(health.suspension(), Suspension::none);
}

TEST_F(EndpointHealthTest, admission_can_be_asked_for_written_endpoints) {
    policy.admission = config::Admission::http;
    EXPECT_EQ(written().suspension(), Suspension::unprobed);
}

TEST_F(EndpointHealthTest, probes_follow_the_ladder) {
    auto health = discovered();
    std::vector<config::Duration> waits;
    for (int i = 0; i < 7; ++i) {
        waits.push_back(answer(health, Verdict::refused));
    }
    EXPECT_EQ(waits, (std::vector<config::Duration>{0ms, 1ms, 2ms, 4ms, 8ms, 10ms, 10ms}));
    now += 10s;
    answer(health, Verdict::refused);
    EXPECT_EQ(answer(health, Verdict::refused), 250ms);
    now += 3600s;
    answer(health, Verdict::refused);
    EXPECT_EQ(answer(health, Verdict::refused), 250ms) << "a slow start is served within a second of its end, too";
    EXPECT_EQ(health.suspension(), Suspension::unprobed) << "it never served, so nothing was taken from it";
    EXPECT_EQ(health.why(), "why");
}

TEST_F(EndpointHealthTest, one_probe_at_a_time_as_long_as_it_is_answered) {
    auto health = discovered();
    health.probe_started(Purpose::admission, now);
    ASSERT_TRUE(health.next_probe());
    EXPECT_EQ(health.next_probe()->when, now + 100ms) << "only when the first hangs, another goes out beside it";
}

TEST_F(EndpointHealthTest, a_refused_connection_suspends_and_the_same_probe_readmits) {
    auto health = written();
    EXPECT_TRUE(trouble(health, Trouble::refused));
    EXPECT_EQ(health.suspension(), Suspension::refused);
    EXPECT_EQ(answer(health, Verdict::refused), 0ms);
    EXPECT_EQ(answer(health, Verdict::good), 1ms);
    EXPECT_EQ(health.suspension(), Suspension::none);
}

TEST_F(EndpointHealthTest, refusal_takes_even_the_last_endpoint) {
    company = {1, 1, 0};
    auto health = written();
    EXPECT_TRUE(trouble(health, Trouble::refused));
    EXPECT_EQ(health.suspension(), Suspension::refused);
}

TEST_F(EndpointHealthTest, counted_failures_eject_at_the_limit) {
    auto health = written();
    EXPECT_FALSE(trouble(health, Trouble::counted, 4));
    EXPECT_TRUE(trouble(health, Trouble::counted, 5));
    EXPECT_EQ(health.suspension(), Suspension::ejected);
    EXPECT_EQ(answer(health, Verdict::good), 1s) << "comes back by time and one probe";
    EXPECT_EQ(health.suspension(), Suspension::none);
}

TEST_F(EndpointHealthTest, an_ejection_doubles_up_to_its_longest) {
    auto health = written();
    trouble(health, Trouble::counted, 5);
    std::vector<config::Duration> waits;
    for (int i = 0; i < 8; ++i) {
        waits.push_back(answer(health, Verdict::bad));
    }
    EXPECT_EQ(waits, (std::vector<config::Duration>{1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}));
    answer(health, Verdict::good);
    now += 61s;
    trouble(health, Trouble::counted, 5);
    EXPECT_EQ(answer(health, Verdict::good), 1s) << "a minute without trouble wipes the slate";
}

TEST_F(EndpointHealthTest, the_last_one_and_more_than_the_share_are_never_ejected) {
    company = {1, 1, 0};
    auto last = written();
    EXPECT_FALSE(trouble(last, Trouble::counted, 50));
    company = {4, 2, 2};
    auto third = written();
    EXPECT_FALSE(trouble(third, Trouble::counted, 50)) << "50 % of four are two";
    company = {2, 2, 0};
    auto one_of_two = written();
    EXPECT_TRUE(trouble(one_of_two, Trouble::counted, 5));
    policy.passive.enabled = false;
    auto off = written();
    EXPECT_FALSE(trouble(off, Trouble::counted, 50));
}

TEST_F(EndpointHealthTest, a_closed_idle_connection_is_looked_into_without_blame) {
    auto health = discovered();
    answer(health, Verdict::good);
    now += 1s;
    EXPECT_FALSE(trouble(health, Trouble::closed, 100));
    EXPECT_EQ(health.suspension(), Suspension::none) << "it serves while it is looked into";
    ASSERT_TRUE(health.next_probe());
    EXPECT_EQ(health.next_probe()->purpose, Purpose::suspicion);
    EXPECT_EQ(answer(health, Verdict::good), 0ms);
    EXPECT_FALSE(health.next_probe());
    trouble(health, Trouble::closed);
    EXPECT_EQ(answer(health, Verdict::good), 250ms) << "not for every one of a bunch";
}

TEST_F(EndpointHealthTest, a_failed_look_suspends_and_starts_the_ladder) {
    auto health = discovered();
    answer(health, Verdict::good);
    now += 1s;
    trouble(health, Trouble::lost);
    answer(health, Verdict::bad, "timed out");
    EXPECT_EQ(health.suspension(), Suspension::probe_failed);
    EXPECT_EQ(health.why(), "timed out");
    EXPECT_EQ(answer(health, Verdict::good), 1ms);
    EXPECT_EQ(health.suspension(), Suspension::none);
}

TEST_F(EndpointHealthTest, the_registrys_word_comes_first_and_stops_probes) {
    auto health = discovered();
    answer(health, Verdict::good);
    EXPECT_TRUE(health.set_registry(Status::draining, "stop signal", false, now));
    EXPECT_EQ(health.suspension(), Suspension::registry);
    EXPECT_EQ(health.why(), "stop signal");
    EXPECT_FALSE(health.next_probe());
    EXPECT_FALSE(trouble(health, Trouble::refused)) << "nothing is left to be suspended";
}

TEST_F(EndpointHealthTest, back_from_draining_or_a_pause_it_is_the_same_process) {
    for (const Status away : {Status::draining, Status::paused}) {
        auto health = discovered();
        answer(health, Verdict::good);
        health.set_registry(away, "away", false, now);
        health.set_registry(Status::up, "", false, now);
        EXPECT_EQ(health.suspension(), Suspension::none);
    }
}

TEST_F(EndpointHealthTest, back_from_down_it_must_show_itself_again) {
    for (const Status away : {Status::down, Status::starting}) {
        auto health = discovered();
        answer(health, Verdict::good);
        health.set_registry(away, "critical", false, now);
        health.set_registry(Status::up, "", false, now);
        EXPECT_EQ(health.suspension(), Suspension::unprobed);
        EXPECT_EQ(answer(health, Verdict::good), 0ms);
        EXPECT_EQ(health.suspension(), Suspension::none);
    }
}

TEST_F(EndpointHealthTest, an_answer_of_the_former_process_admits_nobody) {
    auto health = discovered();
    health.probe_started(Purpose::admission, now);
    const auto era = health.era();
    health.set_registry(Status::down, "critical", false, now);
    health.set_registry(Status::up, "", false, now);
    health.on_probe(Purpose::admission, era, {Verdict::good, "200", 0}, now);
    EXPECT_EQ(health.suspension(), Suspension::unprobed);
    EXPECT_TRUE(health.next_probe());
}

TEST_F(EndpointHealthTest, active_checks_fall_and_rise) {
    policy.active = config::ActiveHealth{};
    policy.active->jitter = 0;
    auto health = written();
    EXPECT_EQ(answer(health, Verdict::good), 2s);
    answer(health, Verdict::bad);
    answer(health, Verdict::bad);
    EXPECT_EQ(health.suspension(), Suspension::none);
    EXPECT_EQ(answer(health, Verdict::bad, "500"), 2s);
    EXPECT_EQ(health.suspension(), Suspension::probe_failed);
    EXPECT_EQ(health.why(), "3 checks failed, the last: 500");
    answer(health, Verdict::good);
    EXPECT_EQ(health.suspension(), Suspension::probe_failed) << "one good check is not enough";
    EXPECT_EQ(answer(health, Verdict::good), 2s);
    EXPECT_EQ(health.suspension(), Suspension::none);
}

TEST_F(EndpointHealthTest, failing_checks_must_be_consecutive) {
    policy.active = config::ActiveHealth{};
    auto health = written();
    for (int i = 0; i < 20; ++i) {
        answer(health, i % 3 == 2 ? Verdict::good : Verdict::bad);
    }
    EXPECT_EQ(health.suspension(), Suspension::none);
}

TEST_F(EndpointHealthTest, a_refused_check_is_evidence_of_absence) {
    policy.active = config::ActiveHealth{};
    auto health = written();
    answer(health, Verdict::refused);
    EXPECT_EQ(health.suspension(), Suspension::refused);
    EXPECT_EQ(answer(health, Verdict::good), 1ms) << "re-admitted by the ladder, not by the interval";
    EXPECT_EQ(health.suspension(), Suspension::none);
}

TEST_F(EndpointHealthTest, the_check_admits_where_one_is_given) {
    policy.active = config::ActiveHealth{};
    policy.active->path = "/ready";
    auto health = discovered();
    EXPECT_EQ(health.plan(Purpose::admission).path, "/ready");
    EXPECT_EQ(health.plan(Purpose::admission).expect_min, 200);
    policy.admission = config::Admission::http;
    EXPECT_EQ(discovered().plan(Purpose::admission).path, "/") << "unless something else is asked for";
}

TEST_F(EndpointHealthTest, checks_are_jittered_both_ways_within_their_share) {
    policy.active = config::ActiveHealth{};
    bool early = false, late = false;
    for (std::uint64_t seed = 0; seed < 64; ++seed) {
        const EndpointHealth health(policy, false, seed, now);
        const auto wait = health.next_probe()->when - now;
        EXPECT_GE(wait, 1800ms);
        EXPECT_LE(wait, 2200ms);
        early = early || wait < 1950ms;
        late = late || wait > 2050ms;
    }
    EXPECT_TRUE(early && late);
}

TEST_F(EndpointHealthTest, taking_the_checks_away_leaves_nobody_out_for_ever) {
    policy.active = config::ActiveHealth{};
    auto health = written();
    for (int i = 0; i < 3; ++i) {
        answer(health, Verdict::bad);
    }
    ASSERT_EQ(health.suspension(), Suspension::probe_failed);
    health.set_policy({}, now);
    EXPECT_EQ(answer(health, Verdict::good), 0ms);
    EXPECT_EQ(health.suspension(), Suspension::none);
}

TEST_F(EndpointHealthTest, a_held_endpoint_stays_while_it_answers) {
    auto health = discovered();
    answer(health, Verdict::good);
    health.set_held(true, now);
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(health.next_probe()->purpose, Purpose::held);
        answer(health, Verdict::good);
        EXPECT_FALSE(health.take_absence());
    }
    answer(health, Verdict::bad);
    EXPECT_FALSE(health.take_absence()) << "once may be chance";
    EXPECT_EQ(health.suspension(), Suspension::none);
    EXPECT_EQ(answer(health, Verdict::bad), 1s);
    EXPECT_TRUE(health.take_absence());
    EXPECT_FALSE(health.take_absence()) << "told once";
}

TEST_F(EndpointHealthTest, a_held_endpoint_that_refuses_is_absent_at_once) {
    auto health = discovered();
    answer(health, Verdict::good);
    health.set_held(true, now);
    answer(health, Verdict::refused);
    EXPECT_TRUE(health.take_absence());
}

TEST_F(EndpointHealthTest, a_held_endpoint_is_asked_even_when_it_is_not_served) {
    auto health = discovered();
    answer(health, Verdict::good);
    health.set_registry(Status::down, "critical", false, now);
    health.set_held(true, now);
    ASSERT_TRUE(health.next_probe());
    EXPECT_EQ(health.next_probe()->purpose, Purpose::held);
}

TEST_F(EndpointHealthTest, a_first_probe_that_hangs_does_not_hold_up_the_others) {
    auto health = discovered();
    const auto begin = now;
    std::vector<config::Duration> starts;
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(health.next_probe());
        now = health.next_probe()->when;
        starts.push_back(std::chrono::duration_cast<config::Duration>(now - begin));
        health.probe_started(Purpose::admission, now);
    }
    EXPECT_EQ(starts, (std::vector<config::Duration>{0ms, 100ms, 300ms, 700ms}));
    EXPECT_FALSE(health.next_probe()) << "so many at once, no more";
    health.on_probe(Purpose::admission, health.era(), {Verdict::good, "200", 0}, now);
    EXPECT_EQ(health.suspension(), Suspension::none);
    health.on_probe(Purpose::admission, health.era(), {Verdict::bad, "timed out", 0}, now);
    EXPECT_EQ(health.suspension(), Suspension::none) << "an older question than the answer";
}

TEST_F(EndpointHealthTest, the_ladder_keeps_its_pace_beside_one_that_hangs) {
    auto health = discovered();
    health.probe_started(Purpose::admission, now);
    now += 100ms;
    for (int i = 0; i < 10; ++i) {
        health.probe_started(Purpose::admission, now);
        health.on_probe(Purpose::admission, health.era(), {Verdict::refused, "refused", 0}, now);
        ASSERT_TRUE(health.next_probe());
        EXPECT_LE(health.next_probe()->when - now, 10ms);
        now = health.next_probe()->when;
    }
}

// ------------------------------------------------------------------------------------------------ a process has died

TEST_F(EndpointHealthTest, a_burst_of_lost_connections_suspends_at_once_and_probes) {
    auto health = discovered();
    answer(health, Verdict::good);
    now += 1s;
    in_use = 2;
    EXPECT_FALSE(trouble(health, Trouble::cut));
    EXPECT_FALSE(trouble(health, Trouble::lost));
    EXPECT_TRUE(trouble(health, Trouble::cut));
    EXPECT_EQ(health.suspension(), Suspension::lost);
    EXPECT_EQ(answer(health, Verdict::good), 0ms) << "the probe goes out now";
    EXPECT_EQ(health.suspension(), Suspension::none);
}

TEST_F(EndpointHealthTest, nothing_that_requests_meet_suspends_where_passive_is_off) {
    policy.passive.enabled = false;
    auto health = discovered();
    answer(health, Verdict::good);
    now += 1s;
    in_use = 2;
    for (int i = 0; i < 10; ++i) {
        EXPECT_FALSE(trouble(health, Trouble::lost));
    }
    EXPECT_EQ(health.suspension(), Suspension::none);
}

TEST_F(EndpointHealthTest, orderly_closes_are_no_burst_however_many) {
    auto health = discovered();
    answer(health, Verdict::good);
    now += 1s;
    in_use = 0;
    for (int i = 0; i < 1000; ++i) {
        EXPECT_FALSE(trouble(health, Trouble::closed));
    }
    EXPECT_EQ(health.suspension(), Suspension::none);
    EXPECT_EQ(health.next_probe()->purpose, Purpose::suspicion);
    EXPECT_EQ(health.next_probe()->when, now) << "but it is looked at this moment";
}

TEST_F(EndpointHealthTest, a_few_lost_among_many_at_work_are_no_burst) {
    auto health = discovered();
    answer(health, Verdict::good);
    now += 1s;
    in_use = 100;
    for (int i = 0; i < 5; ++i) {
        EXPECT_FALSE(trouble(health, Trouble::cut));
    }
    EXPECT_EQ(health.suspension(), Suspension::none);
}

TEST_F(EndpointHealthTest, a_burst_is_not_cut_short_by_an_ejection) {
    auto health = discovered();
    answer(health, Verdict::good);
    now += 1s;
    in_use = 16;
    for (std::uint32_t lost = 1; lost < 8; ++lost) {
        EXPECT_FALSE(trouble(health, Trouble::lost, lost));
    }
    EXPECT_TRUE(trouble(health, Trouble::lost, 8));
    EXPECT_EQ(health.suspension(), Suspension::lost);
}

TEST_F(EndpointHealthTest, the_first_report_of_a_burst_may_come_when_all_of_it_is_counted) {
    auto health = discovered();
    answer(health, Verdict::good);
    in_use = 8;
    EXPECT_TRUE(trouble(health, Trouble::lost, 8));
    EXPECT_EQ(health.suspension(), Suspension::lost);
}

TEST_F(EndpointHealthTest, failures_known_before_are_no_burst) {
    auto health = discovered();
    answer(health, Verdict::good);
    in_use = 1;
    for (std::uint32_t failure = 1; failure < 5; ++failure) {
        now += 1s;
        EXPECT_FALSE(trouble(health, Trouble::counted, failure));
    }
    now += 1s;
    EXPECT_TRUE(trouble(health, Trouble::lost, 5));
    EXPECT_EQ(health.suspension(), Suspension::ejected) << "five in five seconds, not five at once";
}

TEST_F(EndpointHealthTest, one_that_keeps_losing_is_ejected_all_the_same) {
    auto health = discovered();
    answer(health, Verdict::good);
    in_use = 100;
    std::uint32_t lost = 0;
    while (health.suspension() == Suspension::none && lost < 100) {
        now += 20ms;
        trouble(health, Trouble::lost, ++lost);
    }
    EXPECT_EQ(health.suspension(), Suspension::ejected);
    EXPECT_LE(lost, 10U);
}

TEST_F(EndpointHealthTest, losses_spread_over_time_are_no_burst) {
    auto health = discovered();
    answer(health, Verdict::good);
    in_use = 0;
    for (int i = 0; i < 50; ++i) {
        now += 60ms;
        EXPECT_FALSE(trouble(health, Trouble::cut));
    }
}

TEST_F(EndpointHealthTest, a_refused_look_suspends_as_absent) {
    auto health = discovered();
    answer(health, Verdict::good);
    now += 1s;
    trouble(health, Trouble::closed);
    answer(health, Verdict::refused);
    EXPECT_EQ(health.suspension(), Suspension::refused);
}

// -------------------------------------------------------------------------------------------------------- silence

TEST_F(EndpointHealthTest, silence_is_asked_about_at_once_even_beside_a_check_that_hangs) {
    policy.active = config::ActiveHealth{};
    auto health = discovered();
    answer(health, Verdict::good);
    now += 5s;
    health.probe_started(Purpose::active, now);
    ASSERT_TRUE(health.look_into_silence(now));
    ASSERT_TRUE(health.next_probe());
    EXPECT_EQ(health.next_probe()->purpose, Purpose::silence);
    EXPECT_EQ(health.next_probe()->when, now);
    EXPECT_EQ(health.plan(Purpose::silence).timeout, 150ms);
    EXPECT_EQ(health.plan(Purpose::silence).expect_max, 599) << "any answer is one";
    health.probe_started(Purpose::silence, now);
    EXPECT_FALSE(health.look_into_silence(now + 1s)) << "while it is asked";
}

TEST_F(EndpointHealthTest, no_answer_alone_suspends_nobody) {
    auto health = written();
    ASSERT_TRUE(health.look_into_silence(now));
    answer(health, Verdict::bad, "timed out");
    EXPECT_EQ(health.suspension(), Suspension::none) << "only with a peer that answers";
    EXPECT_FALSE(health.look_into_silence(now + 249ms)) << "not for every report";
    EXPECT_TRUE(health.look_into_silence(now + 250ms));
}

TEST_F(EndpointHealthTest, a_frozen_endpoint_comes_back_by_an_answer_never_by_a_connect) {
    policy.admission = config::Admission::tcp;
    auto health = written();
    answer(health, Verdict::good);
    ASSERT_TRUE(health.found_frozen("silent", now));
    EXPECT_EQ(health.suspension(), Suspension::frozen);
    EXPECT_EQ(health.plan(Purpose::admission).kind, ProbePlan::Kind::http) << "the kernel of a frozen process accepts";
    answer(health, Verdict::bad, "timed out");
    EXPECT_EQ(health.suspension(), Suspension::frozen);
    answer(health, Verdict::good);
    EXPECT_EQ(health.suspension(), Suspension::none);
}

TEST_F(EndpointHealthTest, who_vouches_and_refuses_is_absent) {
    auto health = written();
    health.vouch(now);
    ASSERT_TRUE(health.next_probe());
    EXPECT_EQ(health.next_probe()->purpose, Purpose::vouch);
    answer(health, Verdict::bad);
    EXPECT_EQ(health.suspension(), Suspension::none) << "nobody waits on it";
    health.vouch(now);
    answer(health, Verdict::refused);
    EXPECT_EQ(health.suspension(), Suspension::refused);
}

// ------------------------------------------------------------------------------------------------------- flapping

TEST_F(EndpointHealthTest, flapping_by_checks_of_the_registry_is_damped) {
    policy.admission = config::Admission::off;
    auto health = discovered();
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(health.suspension(), Suspension::none);
        registry(health, Status::down, true);
        registry(health, Status::up);
    }
    EXPECT_EQ(health.suspension(), Suspension::flapping);
    ASSERT_TRUE(health.next_tick());
    EXPECT_EQ(*health.next_tick(), now + 30s);
    now += 30s;
    EXPECT_TRUE(health.tick(now));
    EXPECT_EQ(health.suspension(), Suspension::none);
}

TEST_F(EndpointHealthTest, flapping_by_probes_is_damped) {
    auto health = discovered();
    answer(health, Verdict::good);
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(health.suspension(), Suspension::none);
        now += 250ms;
        trouble(health, Trouble::closed);
        answer(health, Verdict::bad);
        EXPECT_EQ(health.suspension(), Suspension::probe_failed);
        answer(health, Verdict::good);
    }
    EXPECT_EQ(health.suspension(), Suspension::flapping);
}

TEST_F(EndpointHealthTest, events_maintenance_and_registrations_are_never_flapping) {
    policy.admission = config::Admission::off;
    for (const Status away : {Status::down, Status::draining, Status::paused, Status::starting}) {
        auto health = discovered();
        for (int i = 0; i < 100; ++i) {
            registry(health, away);
            registry(health, Status::up);
            EXPECT_EQ(health.suspension(), Suspension::none);
        }
    }
}

TEST_F(EndpointHealthTest, damping_can_be_switched_off) {
    policy.damping = false;
    policy.admission = config::Admission::off;
    auto health = discovered();
    for (int i = 0; i < 100; ++i) {
        registry(health, Status::down, true);
        registry(health, Status::up);
        EXPECT_EQ(health.suspension(), Suspension::none);
    }
}

// -------------------------------------------------------------------------------------------------- the last resort

TEST_F(EndpointHealthTest, restored_and_without_an_answer_it_is_the_last_resort) {
    auto health = discovered();
    health.set_restored(true, now);
    EXPECT_EQ(health.suspension(), Suspension::unprobed);
    ASSERT_TRUE(health.next_tick());
    EXPECT_EQ(*health.next_tick(), now + 100ms);
    health.probe_started(Purpose::admission, now);
    now += 100ms;
    EXPECT_TRUE(health.tick(now));
    EXPECT_EQ(health.suspension(), Suspension::none);
    EXPECT_TRUE(health.last_resort());
    health.on_probe(Purpose::admission, health.era(), {Verdict::good, "200", 0}, now);
    EXPECT_FALSE(health.last_resort()) << "it has answered: as good as any other";
    EXPECT_EQ(health.suspension(), Suspension::none);
}

TEST_F(EndpointHealthTest, restored_and_refused_it_is_not_even_that) {
    auto health = discovered();
    health.set_restored(true, now);
    answer(health, Verdict::refused);
    now += 100ms;
    health.tick(now);
    EXPECT_FALSE(health.last_resort());
    EXPECT_EQ(health.suspension(), Suspension::unprobed);
    answer(health, Verdict::bad, "timed out");
    health.tick(now);
    EXPECT_TRUE(health.last_resort()) << "somebody may be there now";
    EXPECT_TRUE(trouble(health, Trouble::refused));
    EXPECT_EQ(health.suspension(), Suspension::unprobed);
}

TEST_F(EndpointHealthTest, named_by_its_source_it_waits_for_its_probe_like_any_other) {
    auto health = discovered();
    health.set_restored(true, now);
    health.probe_started(Purpose::admission, now);
    now += 100ms;
    health.tick(now);
    ASSERT_TRUE(health.last_resort());
    EXPECT_TRUE(health.set_restored(false, now));
    EXPECT_EQ(health.suspension(), Suspension::unprobed);
    EXPECT_FALSE(health.next_tick());
}

TEST(LadderTest, is_quick_first_and_patient_later) {
    EXPECT_EQ(ladder_delay(0, 0ms), 1ms);
    EXPECT_EQ(ladder_delay(3, 7ms), 8ms);
    EXPECT_EQ(ladder_delay(4, 15ms), 10ms);
    EXPECT_EQ(ladder_delay(1'000'000, 9999ms), 10ms);
    EXPECT_EQ(ladder_delay(0, 10s), 250ms);
    EXPECT_EQ(ladder_delay(0, 3600s), 250ms);
}

}  // namespace
}  // namespace cardea::health
