#include "proxy/upstream/retry.hpp"

#include <gtest/gtest.h>

namespace cardea::upstream {
namespace {

using namespace std::chrono_literals;
using http::Method;

struct Case {
    const char* what;
    Progress progress;
    Setback setback;
    Decision expected;
};

TEST(MayRetry, follows_the_table) {
    const Progress get{.method = Method::get, .bytes_sent = true};
    const Progress post{.method = Method::post, .bytes_sent = true};
    const Progress unknown{.method = Method::other, .bytes_sent = true};
    const auto unsent = [](Progress p) { return p.bytes_sent = false, p; };
    const auto last = [](Progress p) { return p.attempts = 3, p; };
    const auto unkept = [](Progress p) { return p.replayable = false, p; };
    const auto begun = [](Progress p) { return p.response_started = true, p; };
    const std::vector<Case> cases{
        {"connect failed, any method", unsent(post), Setback::connect_failed, Decision::again},
        {"connect failed, unknown method", unsent(unknown), Setback::connect_failed, Decision::again},
        {"connect failed, but part of the body is gone", unsent(unkept(post)), Setback::connect_failed, Decision::give_up},
        {"stale before a byte, but part of the body is gone", unsent(unkept(get)), Setback::stale, Decision::give_up},
        {"stale before a byte", unsent(post), Setback::stale, Decision::again},
        {"stale after a byte", post, Setback::stale, Decision::give_up},
        {"moved before a byte", unsent(post), Setback::moved, Decision::again},
        {"post lost", post, Setback::lost, Decision::give_up},
        {"post timed out", post, Setback::timed_out, Decision::give_up},
        {"post moved", post, Setback::moved, Decision::give_up},
        {"post answered 503", post, Setback::status, Decision::give_up},
        {"unknown method lost", unknown, Setback::lost, Decision::give_up},
        {"get lost", get, Setback::lost, Decision::again},
        {"get moved", get, Setback::moved, Decision::again},
        {"get timed out", get, Setback::timed_out, Decision::again_if_budget},
        {"get answered 503", get, Setback::status, Decision::again_if_budget},
        {"put whose body was not kept", unkept({.method = Method::put, .bytes_sent = true}), Setback::lost, Decision::give_up},
        {"last attempt", last(get), Setback::lost, Decision::give_up},
        {"last attempt, nothing sent", unsent(last(get)), Setback::connect_failed, Decision::give_up},
        {"response begun", begun(get), Setback::lost, Decision::give_up},
        {"response begun, nothing sent", unsent(begun(get)), Setback::connect_failed, Decision::give_up},
    };
    for (const Case& one : cases) {
        EXPECT_EQ(may_retry({}, one.progress, one.setback), one.expected) << one.what;
    }
}

TEST(MayRetry, says_what_stands_in_the_way) {
    using observe::Loss;
    const Progress get{.method = Method::get, .bytes_sent = true};
    const Progress post{.method = Method::post, .bytes_sent = true};
    EXPECT_EQ(obstacle({}, get, Setback::lost), Loss::none);
    EXPECT_EQ(obstacle({}, {.method = Method::get, .attempts = 3, .bytes_sent = true}, Setback::lost), Loss::attempts);
    EXPECT_EQ(obstacle({}, {.method = Method::put, .bytes_sent = true, .replayable = false}, Setback::moved), Loss::body_too_large);
    EXPECT_EQ(obstacle({}, {.method = Method::get, .bytes_sent = true, .response_started = true}, Setback::lost), Loss::response_begun);
    EXPECT_EQ(obstacle({}, {.method = Method::post, .attempts = 3, .bytes_sent = true}, Setback::lost), Loss::request_sent)
        << "also on the last attempt";
    config::Retry strict;
    strict.on_timeout = false;
    EXPECT_EQ(obstacle(strict, get, Setback::timed_out), Loss::policy);
    EXPECT_EQ(obstacle(strict, post, Setback::timed_out), Loss::request_sent);
}

TEST(MayRetry, switches_of_the_policy) {
    config::Retry policy;
    policy.non_idempotent = true;
    const Progress post{.method = Method::post, .bytes_sent = true};
    EXPECT_EQ(may_retry(policy, post, Setback::lost), Decision::again);
    EXPECT_EQ(may_retry(policy, post, Setback::status), Decision::give_up) << "an answered POST has run";
    policy.on_timeout = false;
    EXPECT_EQ(may_retry(policy, {.method = Method::get, .bytes_sent = true}, Setback::timed_out), Decision::give_up);
}

const config::TimePoint began = config::TimePoint{} + 1000s;

TEST(RetryBudget, never_below_its_floor) {
    RetryBudget budget(2);
    for (int i = 0; i < 10; ++i) {
        EXPECT_TRUE(budget.take({}, static_cast<std::size_t>(i % 2), began));
    }
    EXPECT_FALSE(budget.take({}, 0, began));
    EXPECT_FALSE(budget.take({}, 1, began)) << "one budget for the process";
}

TEST(RetryBudget, grows_with_the_requests_of_all_workers) {
    RetryBudget budget(2);
    for (int i = 0; i < 100; ++i) {
        budget.count_request(0, began - 5s);
        budget.count_request(1, began);
    }
    int taken = 0;
    while (budget.take({}, 1, began)) {
        ++taken;
    }
    EXPECT_EQ(taken, 40);
}

TEST(RetryBudget, forgets_after_ten_seconds) {
    RetryBudget budget(1);
    while (budget.take({}, 0, began)) {
    }
    EXPECT_FALSE(budget.take({}, 0, began + 9s));
    EXPECT_TRUE(budget.take({}, 0, began + 10s));
    for (int i = 0; i < 1000; ++i) {
        budget.count_request(0, began + 20s);
    }
    int taken = 0;
    while (budget.take({}, 0, began + 40s)) {
        ++taken;
    }
    EXPECT_EQ(taken, 10) << "old requests earn nothing";
}

}  // namespace
}  // namespace cardea::upstream
