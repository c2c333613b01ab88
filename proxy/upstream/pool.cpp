#include "proxy/upstream/pool.hpp"

#include <algorithm>
#include <utility>

namespace cardea::upstream {
namespace {

using namespace std::chrono_literals;

constexpr config::Duration recent_enough = 1s;         // within it an origin's idle timeout has hardly ever struck
constexpr config::Duration shortest_learnt_idle = 1s;  // an earlier close says that the origin goes, not what it allows

constexpr std::size_t work_at_once = 512;    // looks at an endpoint, a fifth of a microsecond each where it is in no cache
constexpr std::size_t work_of_a_close = 32;  // looks, for about as long

}  // namespace

config::Duration idle_limit(const config::Keepalive& policy, std::uint32_t origin_ms) {
    if (origin_ms == 0) {
        return policy.idle_timeout;
    }
    const config::Duration origin{origin_ms};
    const config::Duration safe = origin > 4s ? origin - 1s : origin * 3 / 4;
    return std::min(policy.idle_timeout, safe);
}

Connection::Connection(Pool& home, net::Poller& poller, balance::EndpointState& to, observe::WorkerMetrics& metrics)
    : stream(poller), endpoint(&to), home_(&home), idle_timer_(*this, on_timeout), metrics_(&metrics) {
    metrics_->upstream_connections.add();
}

Connection::~Connection() {
    metrics_->upstream_idle.sub(idle_ ? 1 : 0);
    metrics_->upstream_connections.sub();
}

void Connection::wake(std::uint32_t bits) {
    if (idle_ && !wilted_ && ((bits & on_timeout) != 0 || stream.readable())) {
        wilted_ = true;
        home_->wilted_.push_back(*this);
    }
}

Pool::Pool(net::Poller& poller, net::TimerWheel& wheel, observe::WorkerMetrics& metrics, IdleClosed idle_closed)
    : poller_(&poller), wheel_(&wheel), metrics_(&metrics), idle_closed_(std::move(idle_closed)) {}

Pool::~Pool() = default;

std::unique_ptr<Connection> Pool::take(balance::EndpointState& endpoint, bool careful, config::TimePoint now) {
    const auto found = shelves_.find(&endpoint);
    if (found == shelves_.end()) {
        return nullptr;
    }
    Idle& idle = found->second.idle;
    for (auto at = idle.rbegin(); at != idle.rend(); ++at) {
        Connection& candidate = **at;
        if (candidate.wilted_) {
            continue;
        }
        if (careful && (now - candidate.used > recent_enough || !candidate.stream.quiet_now())) {
            return nullptr;  // those below it have idled longer still
        }
        std::unique_ptr<Connection> taken = std::move(*at);
        idle.erase(std::next(at).base());
        taken->idle_ = false;
        metrics_->upstream_idle.sub();
        wheel_->disarm(taken->idle_timer_);
        return taken;
    }
    return nullptr;
}

std::unique_ptr<Connection> Pool::make(balance::EndpointState& endpoint) {
    return std::make_unique<Connection>(*this, *poller_, endpoint, *metrics_);
}

void Pool::put(std::unique_ptr<Connection> connection, const config::Keepalive& policy, config::TimePoint now) {
    net::Stream& stream = connection->stream;
    const bool silent = !stream.peer_ended() && !stream.broken() && (!stream.readable() || stream.quiet_now());
    if (!silent || !connection->endpoint->eligible() || policy.idle_per_endpoint == 0) {
        return;
    }
    const std::uint32_t seen = connection->endpoint->origin_idle_ms.load(std::memory_order_relaxed);
    const std::uint32_t promised = connection->origin_keep_alive_ms;
    const std::uint32_t origin_ms = seen == 0 || promised == 0 ? std::max(seen, promised) : std::min(seen, promised);
    Idle& idle = shelves_.try_emplace(connection->endpoint, *connection->endpoint).first->second.idle;
    if (idle.size() >= policy.idle_per_endpoint) {
        idle.erase(idle.begin());
    }
    connection->used = now;
    connection->idle_ = true;
    metrics_->upstream_idle.add();
    stream.wake_with(connection.get(), Connection::on_event, 0);
    wheel_->arm(connection->idle_timer_, now + idle_limit(policy, origin_ms));
    idle.push_back(std::move(connection));
}

void Pool::learn_idle_time(const Connection& connection, config::TimePoint now) const {
    const auto idled = std::chrono::duration_cast<config::Duration>(now - connection.used);
    auto& known = connection.endpoint->origin_idle_ms;
    const std::uint32_t before = known.load(std::memory_order_relaxed);
    if (idled >= shortest_learnt_idle && (before == 0 || idled.count() < before)) {
        known.store(static_cast<std::uint32_t>(idled.count()), std::memory_order_relaxed);
    }
}

void Pool::sweep(config::TimePoint now) {
    while (Connection* connection = wilted_.pop_front()) {
        if (connection->stream.peer_ended()) {
            learn_idle_time(*connection, now);
            if (idle_closed_) {
                idle_closed_(*connection->endpoint, connection->stream.was_reset());
            }
        }
        remove(*connection);
    }
}

void Pool::remove(Connection& connection) {
    const auto found = shelves_.find(connection.endpoint);
    if (found != shelves_.end()) {
        std::erase_if(found->second.idle, [&](const std::unique_ptr<Connection>& one) { return one.get() == &connection; });
    }
}

void Pool::drop_ineligible() {
    if (dropping_) {
        drop_again_ = true;  // of what has been looked at some may be ineligible now
        return;
    }
    dropping_ = true;
    drop_more();
}

void Pool::drop_more() {
    if (bucket_ == 0 || buckets_ != shelves_.bucket_count()) {  // it has grown meanwhile: they lie elsewhere
        bucket_ = 0;
        buckets_ = shelves_.bucket_count();
    }
    for (std::size_t work = 0; work < work_at_once && bucket_ < buckets_; ++bucket_, ++work) {
        for (auto at = shelves_.begin(bucket_); at != shelves_.end(bucket_);) {
            if (at->first->eligible()) {
                ++at;
                continue;
            }
            work += work_of_a_close * at->second.idle.size();
            balance::EndpointState* const gone = at->first;  // the key itself goes with its entry
            shelves_.erase(gone);
            at = shelves_.begin(bucket_);
        }
    }
    if (bucket_ >= buckets_) {
        bucket_ = 0;
        dropping_ = std::exchange(drop_again_, false);
    }
}

void Pool::drop_all() {
    shelves_.clear();
}

}  // namespace cardea::upstream
