#include "proxy/upstream/retry.hpp"

#include <algorithm>
#include <chrono>

namespace cardea::upstream {

observe::Loss obstacle(const config::Retry& policy, const Progress& progress, Setback setback) {
    using observe::Loss;
    const bool repeatable = http::idempotent(progress.method);
    if (progress.response_started) {
        return Loss::response_begun;
    }
    if (progress.bytes_sent && !repeatable && !policy.non_idempotent) {
        return Loss::request_sent;
    }
    if (!progress.replayable) {
        return Loss::body_too_large;
    }
    if ((setback == Setback::timed_out && !policy.on_timeout) || (setback == Setback::status && !repeatable)) {
        return Loss::policy;
    }
    return progress.attempts >= policy.attempts ? Loss::attempts : Loss::none;
}

Decision may_retry(const config::Retry& policy, const Progress& progress, Setback setback) {
    if (obstacle(policy, progress, setback) != observe::Loss::none) {
        return Decision::give_up;
    }
    return setback == Setback::timed_out || setback == Setback::status ? Decision::again_if_budget : Decision::again;
}

bool retried_status(const config::Retry& policy, std::uint16_t status) {
    return std::find(policy.on_status.begin(), policy.on_status.end(), status) != policy.on_status.end();
}

namespace {

std::int64_t second_of(config::TimePoint now) {
    return std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
}

void add_one(std::atomic<std::uint32_t>& counter) {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace

RetryBudget::RetryBudget(std::size_t workers) : workers_(workers), seats_(std::make_unique<Seat[]>(workers)) {}

RetryBudget::Second& RetryBudget::current(std::size_t worker, std::int64_t second) {
    Second& slot = seats_[worker].ring[static_cast<std::size_t>(second) % seconds];
    if (slot.second.load(std::memory_order_relaxed) != second) {
        slot.requests.store(0, std::memory_order_relaxed);
        slot.retries.store(0, std::memory_order_relaxed);
        slot.second.store(second, std::memory_order_relaxed);
    }
    return slot;
}

void RetryBudget::count_request(std::size_t worker, config::TimePoint now) {
    add_one(current(worker, second_of(now)).requests);
}

std::uint64_t RetryBudget::left(const config::Retry& policy, config::TimePoint now) const {
    const std::int64_t this_second = second_of(now);
    std::uint64_t requests = 0;
    std::uint64_t retries = 0;
    for (std::size_t i = 0; i < workers_; ++i) {
        for (const Second& slot : seats_[i].ring) {
            const std::int64_t age = this_second - slot.second.load(std::memory_order_relaxed);
            if (age >= 0 && age < static_cast<std::int64_t>(seconds)) {
                requests += slot.requests.load(std::memory_order_relaxed);
                retries += slot.retries.load(std::memory_order_relaxed);
            }
        }
    }
    const std::uint64_t allowed = std::max<std::uint64_t>(policy.budget_min, requests * policy.budget_percent / 100);
    return allowed - std::min(allowed, retries);
}

bool RetryBudget::take(const config::Retry& policy, std::size_t worker, config::TimePoint now) {
    if (left(policy, now) == 0) {
        return false;
    }
    add_one(current(worker, second_of(now)).retries);
    return true;
}

}  // namespace cardea::upstream
