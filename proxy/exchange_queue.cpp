// A request whose service has just lost its last endpoint: waits in line for the next one.
#include "proxy/connection.hpp"
#include "proxy/exchange.hpp"

#include <algorithm>

namespace cardea::proxy {
namespace {

constexpr config::Duration until_judged{50};  // what control takes at most, on a busy machine, to suspend who is gone
constexpr config::Duration look_interval{5};

/// A place in the queue, counted for as long as it lives.
class Place {
public:
    Place(upstream::Queue& queue, observe::WorkerMetrics& metrics, std::uint64_t bytes) : queue_(queue), metrics_(metrics), bytes_(bytes) {
        metrics_.queued.add();
        metrics_.queue_requests.add();
        metrics_.queue_bytes.add(bytes_);
    }
    ~Place() {
        queue_.leave(bytes_);
        metrics_.queue_requests.sub();
        metrics_.queue_bytes.sub(bytes_);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

private:
    upstream::Queue& queue_;
    observe::WorkerMetrics& metrics_;
    std::uint64_t bytes_;
};

}  // namespace

bool Exchange::somebody_is_there() const {
    const upstream::Upstream* upstream = current_upstream();
    return upstream != nullptr && std::ranges::any_of(upstream->serving, [](const auto* endpoint) { return endpoint->eligible(); });
}

/// Only what may be sent again may wait: whoever waits holds nothing an endpoint has seen.
bool Exchange::may_wait() const {
    return http::idempotent(facts.method) && policy->service.queue.requests != 0 && replay.whole() && status == 0 && !interim_sent &&
           !aborted;
}

bool Exchange::others_wait() const {
    return !worker.waiting.empty() && may_wait() && worker.waiting.occupied(*policy->queue);
}

/// Nobody is there, or others were here before. True when there is somebody to ask now.
net::Task<bool> Exchange::wait_in_line(Ending& ending) {
    if (!may_wait() || (queue_until_ && worker.now >= *queue_until_)) {
        co_return false;
    }
    const std::uint64_t held = head_.bytes().size() + replay.bytes().size() + client.inlet.bytes().size();
    const bool vacant = !somebody_is_there();
    const upstream::Queue::Entry entry = policy->queue->enter(policy->service.queue, held, vacant, worker.now);
    if (entry != upstream::Queue::Entry::in) {
        if (entry == upstream::Queue::Entry::full) {
            worker.metrics.queue_full.add();
            queue_refusal_ = http::Reason::queue_full;
        }
        called_ = !vacant;  // better out of turn than refused
        co_return called_;
    }
    queue_until_ = queue_until_.value_or(worker.now + policy->service.queue.time);
    const config::TimePoint entered = worker.now;
    const Place place(*policy->queue, worker.metrics, held);
    WaitingRoom::Guest guest(*this);
    guest.arrived = began_;
    worker.waiting.enter(*policy->queue, guest);
    client.inlet.keep();
    while (!guest.called && !client_left() && worker.now < *queue_until_) {
        worker.wheel.arm(client.timer, *queue_until_);
        co_await client.waker.any(wake::client_in | wake::timer | wake::order);
    }
    queued_for_ += worker.now - entered;
    leave_line(guest.called, ending);
    co_return guest.called;
}

/// Whoever is eligible has failed this request already.
bool Exchange::only_tried_are_there() const {
    const upstream::Upstream* upstream = current_upstream();
    const std::span tried(tried_.data(), tried_count_);
    return upstream != nullptr && std::ranges::none_of(upstream->serving, [&](auto* endpoint) {
               return endpoint->eligible() && endpoint != endpoint_ && std::ranges::find(tried, endpoint) == tried.end();
           });
}

/// Three attempts fail within a millisecond when the last endpoint dies, before control has taken it out of the schedule. True
/// when it turns out that nobody is there any more: then this request waits as those do that came a moment later.
net::Task<bool> Exchange::all_have_left() {
    attempts_failed_ = false;
    queue_until_ = queue_until_.value_or(worker.now + policy->service.queue.time);
    const config::TimePoint until = std::min(*queue_until_, worker.now + until_judged);
    client.inlet.keep();
    const auto unchanged = [this] { return somebody_is_there() && only_tried_are_there(); };
    while (unchanged() && worker.now < until && !client_left()) {
        worker.wheel.arm(client.timer, std::min(until, worker.now + look_interval));
        co_await client.waker.any(wake::client_in | wake::timer | wake::order);
    }
    if (client_left() || unchanged()) {
        lost(observe::Loss::attempts);
        co_return false;
    }
    begin_afresh();
    co_return true;
}

/// What failed before is no reason to give up on those who come now.
void Exchange::begin_afresh() {
    attempts_before_ = attempts;
    tried_count_ = 0;
    same_endpoint_ = fresh_ = false;
}

void Exchange::leave_line(bool called, Ending& ending) {
    if (called) {
        worker.metrics.queue_served.add();
        policy->queue->occupied();
        called_ = true;
        begin_afresh();
    } else if (client_left()) {
        worker.metrics.queue_left.add();
        ending.kind = Ending::Kind::client_gone;
        ending.reason = http::Reason::client_closed;
    } else {
        worker.metrics.queue_timed_out.add();
        queue_refusal_ = http::Reason::queue_timeout;
    }
}

/// Gone for good, or nothing more to come from it: nobody half-closes and then waits for seconds.
bool Exchange::client_left() const {
    return client.stream.broken() || client.stream.peer_ended();
}

}  // namespace cardea::proxy
