#include "proxy/control/endpoint_book.hpp"

#include <gtest/gtest.h>

#include <set>

namespace cardea::control {
namespace {

using balance::Suspension;
using discovery::Status;
using snapshot::Sighting;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using Verdict = health::ProbeOutcome::Verdict;

config::Address address(const std::string& text) {
    return *config::parse_address(text);
}

discovery::Endpoint endpoint(const std::string& id, const std::string& at, const std::string& source = "docker:d") {
    discovery::Endpoint made;
    made.id = id;
    made.witnesses = {{source, id}};
    made.addresses = {address(at)};
    made.incarnation = id;
    made.discovered = source != "static";
    return made;
}

class EndpointBookTest : public testing::Test {
protected:
    EndpointBookTest() {
        settings.name = "web";
        book.set_routed({"web"});
    }

    Effects update(std::vector<discovery::Endpoint> endpoints) {
        const discovery::ServiceEndpoints known{"web", std::move(endpoints)};
        return book.update(settings, &known, now);
    }
    void pass(config::Duration time) {
        now.steady += time;
        now.wall += time;
    }
    Effects answer_probe(Verdict verdict = Verdict::good, std::uint8_t index = 0) {
        const auto order = book.take_probe(now.steady);
        if (!order) {
            ADD_FAILURE() << "no probe is due";
            return {};
        }
        return book.probed(*order, {verdict, "why", index}, now);
    }
    /// Answers every probe that is due by now: those of `silent` not at all.
    Effects answer_all(const std::set<std::string>& silent = {}) {
        Effects effects;
        for (auto order = book.take_probe(now.steady); order; order = book.take_probe(now.steady)) {
            const bool good = !silent.contains(order->endpoint->id);
            effects += book.probed(*order, {good ? Verdict::good : Verdict::bad, good ? "200" : "timed out", 0}, now);
        }
        return effects;
    }
    std::vector<std::uint32_t> weights() {
        std::vector<std::uint32_t> all;
        for (const auto& member : book.members("web")) {
            all.push_back(member.weight);
        }
        return all;
    }
    std::shared_ptr<balance::EndpointState> state(std::size_t index = 0) { return book.members("web").at(index).state; }
    std::string word(std::size_t index = 0) { return book.view().at(index).state; }

    config::Service settings{};
    EndpointBook book{1};
    Now now{config::TimePoint{std::chrono::hours(1)}, config::WallTime{std::chrono::hours(1)}};
};

TEST_F(EndpointBookTest, a_newcomer_is_probed_and_then_served) {
    const auto added = update({endpoint("a", "10.0.0.1:80")});
    EXPECT_EQ(added.services, std::set<std::string>{"web"});
    EXPECT_EQ(state()->suspension.load(), Suspension::unprobed);
    EXPECT_TRUE(book.awaits_admission("web"));
    const auto admitted = answer_probe();
    EXPECT_EQ(admitted.services, std::set<std::string>{"web"});
    EXPECT_TRUE(admitted.urgent) << "nobody served before";
    ASSERT_EQ(admitted.transitions.size(), 1U);
    EXPECT_EQ(admitted.transitions[0].from + ">" + admitted.transitions[0].to, "unprobed>up");
    EXPECT_TRUE(state()->eligible());
    EXPECT_TRUE(book.members("web")[0].eligible);
    EXPECT_FALSE(book.awaits_admission("web"));
}

TEST_F(EndpointBookTest, those_who_join_others_may_wait_for_each_other) {
    update({endpoint("a", "10.0.0.1:80")});
    answer_probe();
    const auto added = update({endpoint("a", "10.0.0.1:80"), endpoint("b", "10.0.0.2:80")});
    const auto admitted = answer_probe();
    EXPECT_FALSE(added.urgent);
    EXPECT_FALSE(admitted.urgent);
    EXPECT_EQ(admitted.services, std::set<std::string>{"web"});
}

TEST_F(EndpointBookTest, state_survives_updates_of_its_neighbours) {
    update({endpoint("a", "10.0.0.1:80")});
    answer_probe();
    const auto before = state();
    before->requests = 7;
    update({endpoint("a", "10.0.0.1:80"), endpoint("b", "10.0.0.2:80")});
    EXPECT_EQ(state(0), before);
    EXPECT_TRUE(before->eligible());
    const auto same = update({endpoint("a", "10.0.0.1:80"), endpoint("b", "10.0.0.2:80")});
    EXPECT_TRUE(same.services.empty());
    EXPECT_TRUE(same.transitions.empty());
}

TEST_F(EndpointBookTest, what_a_worker_suspended_is_probed_and_published) {
    update({endpoint("a", "10.0.0.1:80")});
    answer_probe();
    state()->suspension = Suspension::refused;  // as the worker does, before it tells
    const auto effects = book.saw(state().get(), Sighting::connect_refused, now);
    EXPECT_EQ(effects.services, std::set<std::string>{"web"});
    EXPECT_TRUE(effects.urgent);
    EXPECT_EQ(word(), "refused");
    EXPECT_FALSE(book.members("web")[0].eligible);
    answer_probe();
    EXPECT_TRUE(state()->eligible());
}

TEST_F(EndpointBookTest, a_lost_message_is_made_up_for) {
    update({endpoint("a", "10.0.0.1:80")});
    answer_probe();
    state()->suspension = Suspension::refused;
    book.tend(now);
    EXPECT_EQ(word(), "refused");
    ASSERT_TRUE(book.next_probe()) << "or nobody would ever let it back in";
}

TEST_F(EndpointBookTest, a_message_about_somebody_who_left_is_nothing) {
    update({endpoint("a", "10.0.0.1:80")});
    const auto gone = state();
    update({});
    const auto effects = book.saw(gone.get(), Sighting::connect_refused, now);
    EXPECT_TRUE(effects.services.empty());
    EXPECT_EQ(gone->suspension.load(), Suspension::removed);
}

TEST_F(EndpointBookTest, Case74_failures_eject_one_of_two_but_never_the_last) {
    update({endpoint("a", "10.0.0.1:80", "static"), endpoint("b", "10.0.0.2:80", "static")});
    for (const std::size_t index : {0U, 1U}) {
        state(index)->consecutive_failures = 5;
        book.saw(state(index).get(), Sighting::bad_status, now);
    }
    EXPECT_EQ(word(0), "ejected");
    EXPECT_EQ(word(1), "up");
    pass(1s);
    const auto back = answer_probe();
    EXPECT_EQ(word(0), "up");
    EXPECT_EQ(state(0)->consecutive_failures.load(), 0U) << "or the next single failure would eject again";
}

TEST_F(EndpointBookTest, draining_stops_new_requests_and_cuts_the_rest_at_its_time) {
    settings.drain = 30s;
    auto a = endpoint("a", "10.0.0.1:80");
    update({a});
    answer_probe();
    a.status = Status::draining;
    a.drain = 3s;
    state()->in_flight = 1;
    const auto effects = update({a});
    EXPECT_TRUE(effects.urgent);
    EXPECT_EQ(state()->suspension.load(), Suspension::registry);
    EXPECT_EQ(word(), "draining");
    EXPECT_EQ(book.next_deadline(), now.steady + 3s);
    pass(2999ms);
    EXPECT_TRUE(book.tend(now).abort.empty());
    pass(1ms);
    EXPECT_EQ(book.tend(now).abort.size(), 1U);
    EXPECT_TRUE(book.tend(now).abort.empty()) << "once";
}

TEST_F(EndpointBookTest, Case73_one_that_survives_its_signal_serves_again_without_a_probe) {
    auto a = endpoint("a", "10.0.0.1:80");
    update({a});
    answer_probe();
    a.status = Status::draining;
    update({a});
    a.status = Status::up;
    update({a});
    EXPECT_TRUE(state()->eligible());
    EXPECT_FALSE(book.next_deadline());
}

TEST_F(EndpointBookTest, a_pause_moves_what_waits) {
    auto a = endpoint("a", "10.0.0.1:80");
    update({a});
    answer_probe();
    a.status = Status::paused;
    EXPECT_TRUE(update({a}).move_waiting);
    EXPECT_TRUE(state()->move_waiting.load());
    EXPECT_FALSE(update({a}).move_waiting) << "once";
    a.status = Status::up;
    EXPECT_FALSE(update({a}).move_waiting);
    EXPECT_FALSE(state()->move_waiting.load());
    EXPECT_TRUE(state()->eligible());
}

TEST_F(EndpointBookTest, a_dead_container_moves_what_waits_and_has_little_time_left) {
    update({endpoint("a", "10.0.0.1:80")});
    answer_probe();
    const auto gone = state();
    gone->in_flight = 1;
    const auto effects = update({});
    EXPECT_TRUE(effects.move_waiting);
    EXPECT_TRUE(effects.abort.empty()) << "an answer may be on its way still";
    EXPECT_EQ(gone->suspension.load(), Suspension::removed);
    pass(5s);
    EXPECT_EQ(book.tend(now).abort, std::vector{gone});
    EXPECT_EQ(book.leaving(), 1U) << "somebody counts in it";
    gone->in_flight = 0;
    const std::weak_ptr<balance::EndpointState> watched = gone;
    EXPECT_EQ(book.leaving(), 1U);
    book.tend(now);
    EXPECT_EQ(book.leaving(), 1U) << "this test still holds it, as a snapshot would";
}

TEST_F(EndpointBookTest, a_deregistered_endpoint_keeps_its_drain_time_and_is_freed_after_it) {
    settings.drain = 30s;
    update({endpoint("a", "10.0.0.1:80", "consul:c")});
    answer_probe();
    std::weak_ptr<balance::EndpointState> gone = state();
    gone.lock()->in_flight = 1;
    EXPECT_FALSE(update({}).move_waiting);
    pass(29s);
    EXPECT_TRUE(book.tend(now).abort.empty());
    gone.lock()->pools = 1;
    gone.lock()->in_flight = 0;
    book.tend(now);
    EXPECT_FALSE(gone.expired()) << "a worker still has its connections";
    gone.lock()->pools = 0;
    book.tend(now);
    EXPECT_TRUE(gone.expired());
    EXPECT_EQ(book.leaving(), 0U);
}

TEST_F(EndpointBookTest, another_process_under_the_same_key_starts_from_nothing) {
    auto a = endpoint("a", "10.0.0.1:80");
    update({a});
    answer_probe();
    const auto before = state();
    before->in_flight = 1;
    a.incarnation = "restarted";
    const auto effects = update({a});
    EXPECT_NE(state(), before);
    EXPECT_EQ(state()->suspension.load(), Suspension::unprobed);
    EXPECT_EQ(before->suspension.load(), Suspension::removed);
    EXPECT_EQ(effects.abort, std::vector{before}) << "the address has a new owner";
}

TEST_F(EndpointBookTest, a_further_address_of_the_same_process_changes_nothing_for_its_clients) {
    auto a = endpoint("a", "10.0.0.1:80");
    update({a});
    answer_probe();
    const auto before = state();
    before->requests = 9;
    before->in_flight = 1;
    a.addresses = {address("192.168.0.1:8080"), address("10.0.0.1:80")};
    const auto effects = update({a});
    EXPECT_TRUE(state()->eligible());
    EXPECT_EQ(state()->address_index.load(), 1) << "still dialled where it answered";
    EXPECT_EQ(state()->requests.load(), 9U);
    EXPECT_TRUE(effects.abort.empty());
    EXPECT_FALSE(before->move_waiting.load());
}

TEST_F(EndpointBookTest, Case34_an_address_taken_over_aborts_the_former_owners_requests) {
    update({endpoint("a", "10.0.0.1:80", "consul:c")});
    answer_probe();
    const auto before = state();
    before->in_flight = 1;
    EXPECT_TRUE(update({}).abort.empty());
    EXPECT_EQ(update({endpoint("b", "10.0.0.1:80")}).abort, std::vector{before});
}

TEST_F(EndpointBookTest, a_probe_that_found_another_address_moves_the_dialling_there) {
    auto a = endpoint("a", "10.0.0.1:80");
    a.addresses.push_back(address("10.0.0.2:80"));
    update({a});
    answer_probe(Verdict::good, 1);
    EXPECT_EQ(state()->address_index.load(), 1);
    EXPECT_EQ(book.view()[0].addresses.front(), "10.0.0.2:80");
}

TEST_F(EndpointBookTest, a_held_endpoint_without_an_answer_is_told) {
    auto a = endpoint("a", "10.0.0.1:80", "consul:c");
    update({a});
    answer_probe();
    a.held = true;
    update({a});
    const auto effects = answer_probe(Verdict::refused);
    ASSERT_EQ(effects.absent.size(), 1U);
    EXPECT_EQ(effects.absent[0], (std::pair<std::string, std::string>{"web", "a"}));
}

TEST_F(EndpointBookTest, a_reload_that_changes_health_applies_to_those_that_are_there) {
    update({endpoint("a", "10.0.0.1:80")});
    EXPECT_EQ(word(), "unprobed");
    settings.health.admission = config::Admission::off;
    update({endpoint("a", "10.0.0.1:80")});
    EXPECT_EQ(word(), "up");
}

TEST_F(EndpointBookTest, weight_changes_are_published) {
    auto a = endpoint("a", "10.0.0.1:80", "static");
    update({a});
    a.weight = 0;
    const auto effects = update({a});
    EXPECT_TRUE(effects.urgent);
    EXPECT_EQ(book.members("web")[0].weight, 0U);
}

TEST_F(EndpointBookTest, whoever_gets_no_requests_gets_no_probes) {
    book.set_routed({});
    update({endpoint("a", "10.0.0.1:80")});
    EXPECT_FALSE(book.next_probe());
    book.set_routed({"web"});
    EXPECT_TRUE(book.next_probe());
    book.set_routed({"other"});
    EXPECT_FALSE(book.take_probe(now.steady + 1s));
}

// ---------------------------------------------------------------------------------------------------------- arriving

TEST_F(EndpointBookTest, nothing_reaches_an_endpoint_that_was_not_ready_though_it_is_the_only_one) {
    auto a = endpoint("a", "10.0.0.1:80");
    a.status = Status::starting;
    update({a});
    EXPECT_FALSE(state()->eligible());
    EXPECT_FALSE(book.members("web")[0].eligible);
    EXPECT_TRUE(book.awaits_admission("web"));
    a.status = Status::up;
    update({a});
    EXPECT_FALSE(state()->eligible()) << "its own word is not enough";
    answer_probe(Verdict::bad);
    EXPECT_FALSE(state()->eligible());
    pass(1ms);
    answer_probe();
    EXPECT_TRUE(state()->eligible());
}

TEST_F(EndpointBookTest, a_newcomer_does_not_queue_behind_those_that_never_answer) {
    std::vector<discovery::Endpoint> dead;
    for (int i = 0; i < 100; ++i) {
        dead.push_back(endpoint("dead" + std::to_string(1000 + i), "10.0.1.1:" + std::to_string(1 + i)));
    }
    update(dead);
    for (int step = 0; step < 1100; ++step) {  // each of them patient by now
        while (const auto order = book.take_probe(now.steady)) {
            book.probed(*order, {Verdict::refused, "refused", 0}, now);
        }
        pass(10ms);
    }
    pass(1s);  // all of them due, and more than may be made
    auto all = dead;
    all.insert(all.begin(), endpoint("a", "10.0.0.1:80"));
    update(all);
    int place = 0;
    while (book.take_probe(now.steady)->endpoint->id != "a") {
        ASSERT_LT(++place, 4);
    }
    int patient = 0;
    for (int i = 0; i < 40; ++i) {
        const auto order = book.take_probe(now.steady);
        ASSERT_TRUE(order);
        patient += order->endpoint->id.starts_with("dead") ? 1 : 0;
    }
    EXPECT_EQ(patient, 40) << "and they are not starved either";
}

TEST_F(EndpointBookTest, without_slow_start_weights_are_what_they_are) {
    update({endpoint("a", "10.0.0.1:80")});
    answer_all();
    pass(60s);
    update({endpoint("a", "10.0.0.1:80"), endpoint("b", "10.0.0.2:80")});
    answer_all();
    EXPECT_EQ(weights(), (std::vector<std::uint32_t>{1, 1}));
}

TEST_F(EndpointBookTest, slow_start_lets_the_share_of_a_newcomer_grow) {
    settings.slow_start = 10s;
    update({endpoint("a", "10.0.0.1:80")});
    answer_all();
    pass(60s);
    update({endpoint("a", "10.0.0.1:80"), endpoint("b", "10.0.0.2:80")});
    answer_all();
    EXPECT_EQ(weights(), (std::vector<std::uint32_t>{20, 2}));
    EXPECT_EQ(book.view()[1].why, "slow start: 10 % of its weight");
    ASSERT_TRUE(book.next_deadline());
    EXPECT_EQ(*book.next_deadline(), now.steady + 1500ms);
    pass(5s);
    EXPECT_EQ(book.tend(now).services, std::set<std::string>{"web"});
    EXPECT_EQ(weights(), (std::vector<std::uint32_t>{20, 10}));
    pass(5s);
    EXPECT_EQ(book.tend(now).services, std::set<std::string>{"web"});
    EXPECT_EQ(weights(), (std::vector<std::uint32_t>{1, 1})) << "round robin is exact again";
    EXPECT_FALSE(book.next_deadline());
}

TEST_F(EndpointBookTest, slow_start_is_not_for_the_first_set_of_a_service) {
    settings.slow_start = 10s;
    update({endpoint("a", "10.0.0.1:80"), endpoint("late", "10.0.0.9:80")});
    answer_all({"late"});
    pass(500ms);
    update({endpoint("a", "10.0.0.1:80"), endpoint("b", "10.0.0.2:80", "consul:c"), endpoint("late", "10.0.0.9:80")});
    answer_all({"late"});
    EXPECT_EQ(weights(), (std::vector<std::uint32_t>{1, 1, 1})) << "the second source answers half a second later";
    pass(20s);
    answer_all();
    EXPECT_EQ(word(2), "up");
    EXPECT_EQ(weights(), (std::vector<std::uint32_t>{1, 1, 1})) << "known from the beginning, however long its start took";
}

TEST_F(EndpointBookTest, a_set_that_returns_after_nobody_was_home_is_a_first_set) {
    settings.slow_start = 10s;
    update({endpoint("a", "10.0.0.1:80"), endpoint("b", "10.0.0.2:80")});
    answer_all();
    pass(60s);
    for (const std::size_t index : {0U, 1U}) {
        book.saw(state(index).get(), Sighting::connect_refused, now);
    }
    answer_all();
    EXPECT_EQ(weights(), (std::vector<std::uint32_t>{1, 1}));
    pass(60s);
    book.saw(state(0).get(), Sighting::connect_refused, now);
    answer_all();
    EXPECT_EQ(weights(), (std::vector<std::uint32_t>{2, 20})) << "one that returns among others is a newcomer";
}

TEST_F(EndpointBookTest, an_undrained_endpoint_has_its_whole_share) {
    settings.slow_start = 10s;
    auto a = endpoint("a", "10.0.0.1:80");
    update({a, endpoint("b", "10.0.0.2:80")});
    answer_all();
    pass(60s);
    a.status = Status::draining;
    update({a, endpoint("b", "10.0.0.2:80")});
    a.status = Status::up;
    update({a, endpoint("b", "10.0.0.2:80")});
    EXPECT_EQ(weights(), (std::vector<std::uint32_t>{1, 1}));
}

// ----------------------------------------------------------------------------------------------------------- leaving

TEST_F(EndpointBookTest, a_critical_endpoint_drains_like_one_in_maintenance) {
    auto a = endpoint("a", "10.0.0.1:80", "consul:c");
    a.drain = 3s;
    update({a});
    answer_probe();
    state()->in_flight = 1;
    a.status = Status::down;
    EXPECT_TRUE(update({a}).urgent);
    EXPECT_EQ(book.next_deadline(), now.steady + 3s);
    pass(1s);
    a.status = Status::draining;
    update({a});
    EXPECT_EQ(book.next_deadline(), now.steady + 2s) << "the time has been running";
    pass(2s);
    EXPECT_EQ(book.tend(now).abort.size(), 1U);
}

TEST_F(EndpointBookTest, drained_and_back_under_the_same_key_it_keeps_its_connections) {
    auto a = endpoint("a", "10.0.0.1:80", "consul:c");
    update({a});
    answer_probe();
    const auto before = state();
    before->in_flight = 1;
    a.status = Status::draining;
    update({a});
    pass(10s);
    a.status = Status::up;
    const auto effects = update({a});
    EXPECT_EQ(state(), before) << "pools are keyed by it";
    EXPECT_TRUE(before->eligible());
    EXPECT_TRUE(effects.abort.empty());
    pass(60s);
    EXPECT_TRUE(book.tend(now).abort.empty()) << "the deadline went with the draining";
}

// ------------------------------------------------------------------------------------------------- died without notice

TEST_F(EndpointBookTest, a_process_that_dies_under_many_requests_is_suspended_by_their_loss) {
    update({endpoint("a", "10.0.0.1:80", "static"), endpoint("b", "10.0.0.2:80", "static")});
    state()->in_flight = 40;
    Effects effects;
    int reports = 0;
    while (word() == "up" && reports < 40) {
        effects += book.saw(state().get(), ++reports % 2 == 0 ? Sighting::lost_in_use : Sighting::reset, now);
        state()->in_flight -= 1;  // its request has gone elsewhere
    }
    EXPECT_EQ(word(), "lost");
    EXPECT_LE(reports, 21);
    EXPECT_TRUE(effects.urgent);
    EXPECT_EQ(book.next_probe(), now.steady) << "and asked at once";
    answer_probe();
    EXPECT_EQ(word(), "up");
}

// ------------------------------------------------------------------------------------------------------------- frozen

class FrozenTest : public EndpointBookTest {
protected:
    void serve(std::size_t count) {
        std::vector<discovery::Endpoint> all;
        for (std::size_t i = 0; i < count; ++i) {
            all.push_back(endpoint(std::string(1, static_cast<char>('a' + i)), "10.0.0." + std::to_string(i + 1) + ":80", "static"));
        }
        update(all);
        pass(10s);
    }
    Effects silence(std::size_t index = 0) { return book.saw(state(index).get(), Sighting::silent, now); }
    void hear(std::size_t index) {
        state(index)->last_byte_ms = std::chrono::duration_cast<config::Duration>(now.steady.time_since_epoch()).count();
    }
};

TEST_F(FrozenTest, no_answer_while_a_peer_answers_suspends_and_moves_what_waits) {
    serve(2);
    silence();
    const auto effects = answer_all({"a"});
    EXPECT_EQ(word(0), "frozen");
    EXPECT_TRUE(effects.move_waiting);
    EXPECT_TRUE(effects.urgent);
    EXPECT_TRUE(state(0)->move_waiting.load());
    EXPECT_EQ(word(1), "up");
    pass(10ms);
    answer_all();
    EXPECT_EQ(word(0), "up") << "it goes on: the first answer lets it back in";
    EXPECT_FALSE(state(0)->move_waiting.load());
}

TEST_F(FrozenTest, whoever_answers_keeps_its_requests_and_its_place) {
    serve(2);
    silence();
    EXPECT_FALSE(answer_all().move_waiting);
    EXPECT_EQ(word(0), "up");
}

TEST_F(FrozenTest, a_byte_from_it_meanwhile_closes_the_case) {
    serve(2);
    silence();
    pass(100ms);
    hear(0);
    answer_all({"a"});
    EXPECT_EQ(word(0), "up");
}

TEST_F(FrozenTest, when_nobody_answers_nobody_is_to_blame) {
    serve(3);
    silence();
    answer_all({"a", "b", "c"});
    EXPECT_EQ(word(0), "up") << "the network, or this machine";
    pass(2s);
    answer_all();
    EXPECT_EQ(word(0), "up") << "an answer that comes so late is another story";
}

TEST_F(FrozenTest, the_only_one_keeps_its_place) {
    serve(1);
    silence();
    answer_all({"a"});
    EXPECT_EQ(word(0), "up");
}

TEST_F(FrozenTest, two_frozen_of_three_are_both_found) {
    serve(3);
    silence(0);
    silence(1);
    answer_all({"a", "b"});
    EXPECT_EQ(word(0), "frozen");
    pass(300ms);
    silence(1);
    answer_all({"a", "b"});
    EXPECT_EQ(word(1), "frozen");
    EXPECT_EQ(word(2), "up");
}

TEST_F(FrozenTest, the_order_of_the_outcomes_does_not_matter) {
    for (const bool peer_first : {true, false}) {
        update({});
        serve(2);
        silence();
        auto one = book.take_probe(now.steady);
        auto two = book.take_probe(now.steady);
        ASSERT_TRUE(one && two);
        if ((one->endpoint->id == "b") != peer_first) {
            std::swap(one, two);
        }
        for (const auto& order : {*one, *two}) {
            book.probed(order, {order.endpoint->id == "b" ? Verdict::good : Verdict::bad, "", 0}, now);
        }
        EXPECT_EQ(word(0), "frozen") << peer_first;
    }
}

TEST_F(FrozenTest, ten_reports_a_second_are_one_question) {
    serve(2);
    int probes = 0;
    for (int i = 0; i < 10; ++i) {
        silence();
        silence();
        while (const auto order = book.take_probe(now.steady)) {
            ++probes;
            book.probed(*order, {Verdict::good, "200", 0}, now);
        }
        pass(100ms);
    }
    EXPECT_LE(probes, 10) << "four cases, a question each to it and to its peer";
}

TEST_F(FrozenTest, a_case_against_one_that_leaves_is_closed) {
    serve(2);
    silence();
    auto order = book.take_probe(now.steady);
    ASSERT_TRUE(order);
    update({endpoint("b", "10.0.0.2:80", "static")});
    book.probed(*order, {Verdict::bad, "timed out", 0}, now);
    answer_all();
    EXPECT_EQ(book.view().size(), 1U);
}

// ----------------------------------------------------------------------------------------------------------- flapping

TEST_F(EndpointBookTest, one_of_three_that_flaps_twenty_times_a_second_is_damped) {
    auto a = endpoint("a", "10.0.0.1:80", "consul:c");
    const auto b = endpoint("b", "10.0.0.2:80", "consul:c");
    const auto c = endpoint("c", "10.0.0.3:80", "consul:c");
    update({a, b, c});
    answer_all();
    int builds = 0;
    for (int i = 0; i < 200; ++i) {
        a.status = i % 2 == 0 ? Status::down : Status::up;
        auto effects = update({a, b, c});
        effects += answer_all();
        builds += effects.services.empty() ? 0 : 1;
        pass(50ms);
    }
    EXPECT_EQ(word(0), "flapping");
    EXPECT_LE(builds, 8);
    EXPECT_NE(book.view()[0].why.find("calm"), std::string::npos);
    pass(60s);
    EXPECT_EQ(book.tend(now).services, std::set<std::string>{"web"});
    EXPECT_EQ(word(0), "up");
}

TEST_F(EndpointBookTest, damping_never_takes_the_last_one) {
    auto a = endpoint("a", "10.0.0.1:80", "consul:c");
    auto b = endpoint("b", "10.0.0.2:80", "consul:c");
    update({a, b});
    answer_all();
    const auto flap = [&](const std::set<std::string>& silent) {
        for (int i = 0; i < 8; ++i) {
            a.status = i % 2 == 0 ? Status::down : Status::up;
            update({a, b});
            answer_all(silent);
        }
    };
    flap({});
    ASSERT_EQ(word(0), "flapping");
    const auto gone = book.saw(state(1).get(), Sighting::connect_refused, now);
    EXPECT_EQ(word(0), "up") << "better than nobody";
    EXPECT_TRUE(gone.urgent);
    EXPECT_TRUE(state(0)->eligible());
    flap({"b"});
    EXPECT_EQ(word(0), "up") << "alone it may flap as it likes";
}

// ---------------------------------------------------------------------------------------------------- the last resort

TEST_F(EndpointBookTest, restored_endpoints_without_an_answer_are_the_last_tier) {
    auto a = endpoint("a", "10.0.0.1:80", "consul:c");
    auto b = endpoint("b", "10.0.0.2:80", "consul:c");
    a.restored = b.restored = true;
    update({a, b});
    auto hanging = book.take_probe(now.steady);
    auto answered = book.take_probe(now.steady);
    ASSERT_TRUE(hanging && answered);
    if (answered->endpoint != state(1)) {
        std::swap(hanging, answered);  // due at one time, in any order
    }
    book.probed(*answered, {Verdict::good, "200", 0}, now);
    EXPECT_EQ(word(1), "up") << "one that answers serves at once";
    EXPECT_EQ(book.next_deadline(), now.steady + 100ms);
    pass(100ms);
    const auto effects = book.tend(now);
    EXPECT_EQ(effects.services, std::set<std::string>{"web"});
    EXPECT_EQ(word(0), "restored");
    const auto members = book.members("web");
    EXPECT_TRUE(members[0].eligible && members[0].last_resort);
    EXPECT_TRUE(members[1].eligible && !members[1].last_resort);
    a.restored = b.restored = false;
    update({a, b});
    EXPECT_EQ(word(0), "unprobed") << "named by its source it waits for its probe like any other";
    EXPECT_FALSE(state(0)->eligible());
}

TEST_F(EndpointBookTest, ten_thousand_churning_leave_nothing_behind) {
    for (int i = 0; i < 10'000; ++i) {
        update({endpoint("c" + std::to_string(i), "10.0.0.1:80")});
        answer_probe();
        book.tend(now);
        pass(10ms);
    }
    update({});
    book.tend(now);
    EXPECT_EQ(book.leaving(), 0U);
    EXPECT_FALSE(book.next_probe());
    EXPECT_TRUE(book.view().empty());
}

}  // namespace
}  // namespace cardea::control
