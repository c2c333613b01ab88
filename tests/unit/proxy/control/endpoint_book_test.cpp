#include "proxy/control/endpoint_book.hpp"

#include <gtest/gtest.h>

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
        return book.probed(order->endpoint, order->purpose, {verdict, "why", index}, now);
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
    EXPECT_FALSE(admitted.urgent) << "additions may wait for each other";
    ASSERT_EQ(admitted.transitions.size(), 1U);
    EXPECT_EQ(admitted.transitions[0].from + ">" + admitted.transitions[0].to, "unprobed>up");
    EXPECT_TRUE(state()->eligible());
    EXPECT_TRUE(book.members("web")[0].eligible);
    EXPECT_FALSE(book.awaits_admission("web"));
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

TEST_F(EndpointBookTest, failures_eject_one_of_two_but_never_the_last) {
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

TEST_F(EndpointBookTest, one_that_survives_its_signal_serves_again_without_a_probe) {
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
    gone.lock()->in_flight = 0;
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

TEST_F(EndpointBookTest, an_address_taken_over_aborts_the_former_owners_requests) {
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
