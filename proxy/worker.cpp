#include "proxy/worker.hpp"

#include "proxy/accept/listener.hpp"
#include "proxy/connection.hpp"
#include "proxy/exchange.hpp"
#include "proxy/idle_time.hpp"
#include "proxy/net/descriptor.hpp"
#include "proxy/net/mailbox.hpp"
#include "proxy/queue_time.hpp"
#include "proxy/worker_state.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

namespace cardea::proxy {
namespace {

constexpr config::Duration between_sums{8};

struct ApplyOrder {};  // the snapshot lies in its slot, so that a newer one can take its place
struct ListenOrder {
    snapshot::Door door;
    net::Descriptor socket;
};
struct LeaveOrder {
    std::uint64_t door;
};
struct MoveWaitingOrder {};
struct AbortOrder {
    std::vector<std::shared_ptr<balance::EndpointState>> endpoints;
};
struct DrainOrder {
    config::TimePoint deadline, idle_until;
};
struct AdoptOrder {
    std::shared_ptr<const config::Listener> listener;
    net::Descriptor socket;
    accept::ClientCounts::Place place;
};
using Order = std::variant<ApplyOrder, ListenOrder, LeaveOrder, MoveWaitingOrder, AbortOrder, DrainOrder, AdoptOrder>;

}  // namespace

struct Worker::Core final : net::Wakeable {
    explicit Core(const WorkerOptions& options);
    ~Core();
    void run();
    void turn();
    void look_at_load(bool nothing_left_behind);
    [[nodiscard]] std::optional<config::Duration> patience();
    [[nodiscard]] bool over() const;
    void wake(std::uint32_t /*bits*/) override {}  // of the drain timer: being awake is enough

    void obey(ApplyOrder& /*order*/);
    void obey(ListenOrder& order);
    void obey(LeaveOrder& order);
    void obey(MoveWaitingOrder& order);
    void obey(AbortOrder& order);
    void obey(DrainOrder& order);
    void obey(AdoptOrder& order);
    void obey_all();
    void look_at_waiting();

    using Settings = std::shared_ptr<const config::Listener>;
    using Place = accept::ClientCounts::Place;
    [[nodiscard]] std::optional<observe::Limit> full() const;
    void let_in(const Settings& listener, net::Descriptor socket, const config::Address& peer);
    void welcome(const Settings& listener, net::Descriptor socket, const config::Address& peer, Place place);
    [[nodiscard]] bool hand_over(const Settings& listener, net::Descriptor& socket, Place& place);
    void accept_clients();
    void bury();

    WorkerState state;
    QueueTime queue_time;
    IdleTime idle;
    config::TimePoint next_sum{};
    bool buffers_full{false};
    net::Mailbox<Order> mailbox;
    accept::Listener::Door door;
    std::vector<std::unique_ptr<accept::Listener>> listeners;
    std::atomic<const snapshot::Snapshot*> next_snapshot{nullptr};  ///< given and not taken yet; an order is on its way then
    std::atomic<std::uint64_t> applied{0};
    std::atomic<bool> stopping{false};
    std::optional<config::TimePoint> drain_deadline;
    net::Timer drain_timer;
};

Worker::Core::Core(const WorkerOptions& options) : state(options), drain_timer(*this, 1) {
    door.full = [this] { return full(); };
    door.accepted = [this](const accept::Listener& at, net::Descriptor socket, const net::SocketAddress& peer) {
        let_in(at.settings(), std::move(socket), net::from_socket_address(peer));
    };
    // What is kept for endpoints serves those who are in: better than to let in one more who cannot be served.
    door.exhausted = [this] {
        if (state.connections.empty()) {
            state.pool.drop_all();
        }
    };
    applied.store(options.snapshot->version, std::memory_order_release);
    (void)mailbox.attach(state.poller);
}

Worker::Core::~Core() {
    state.connections.for_each([](Connection& connection) { const std::unique_ptr<Connection> gone(&connection); });
    bury();
    state.pool.drop_all();
}

void Worker::Core::run() {
    while (!stopping.load(std::memory_order_relaxed) && !over()) {
        turn();
    }
}

/// One batch: what the kernel says, what is due, what control wants, then everybody who was woken.
void Worker::Core::turn() {
    constexpr std::uint64_t much = 16;  // below this a round is over before anybody could call it a wait
    const bool unfinished = !state.ready.empty();
    const std::optional<config::Duration> patient = patience();
    const bool spins = patient != config::Duration{0} && state.given.shared->spin.load(std::memory_order_relaxed);
    const int events = spins ? idle.spend(state.poller, *state.given.clock, patient) : state.poller.wait(patient);
    state.read_clock();
    look_at_load(events < net::Poller::batch);
    const std::uint64_t accepted = state.metrics.accepted.get();
    state.wheel.advance(state.now);
    if (state.pool.dropping()) {
        const config::TimePoint began = state.given.clock->now();
        state.pool.drop_more();
        state.metrics.snapshot_apply.observe(state.given.clock->now() - began);
    }
    obey_all();
    accept_clients();
    state.ready.run();
    state.pool.sweep(state.now);
    bury();
    if (const std::uint64_t held = state.blocks.bytes_out(); held != state.metrics.buffered.get()) {
        state.metrics.buffered.set(held);
        state.given.shared->workers[state.given.index].buffered.store(held, std::memory_order_relaxed);
    }
    if (unfinished || static_cast<std::uint64_t>(events) + (state.metrics.accepted.get() - accepted) >= much) {
        auto drained = config::TimePoint::max();
        for (const auto& listener : listeners) {
            drained = std::min(drained, listener->drained_at());
        }
        queue_time.worked(drained, state.given.clock->now());
    } else {
        queue_time.rested();
    }
}

/// Whether there is more to do than can be done, in time or in memory.
void Worker::Core::look_at_load(bool nothing_left_behind) {
    Shared& shared = *state.given.shared;
    queue_time.polled(nothing_left_behind, config::Duration{shared.max_queue_ms.load(std::memory_order_relaxed)}, state.now);
    state.metrics.loop_lag.observe(queue_time.waited());
    if (state.now >= next_sum) {  // the others' numbers lie on cache lines of theirs
        next_sum = state.now + between_sums;
        buffers_full = shared.buffered() > shared.max_buffered.load(std::memory_order_relaxed);
    }
    state.shedding = buffers_full            ? std::optional(observe::Limit::max_buffered)
                     : queue_time.too_long() ? std::optional(observe::Limit::max_queue_time)
                                             : std::nullopt;
}

std::optional<config::Duration> Worker::Core::patience() {
    if (!state.ready.empty() || !mailbox.empty() || state.pool.dropping()) {
        return config::Duration{0};
    }
    return state.wheel.until_next(state.now);
}

bool Worker::Core::over() const {
    return drain_deadline && (state.connections.empty() || state.now >= *drain_deadline);
}

void Worker::Core::obey_all() {
    if (!mailbox.empty()) {
        mailbox.drain([this](Order&& order) { std::visit([this](auto& one) { obey(one); }, order); });
    }
}

void Worker::Core::obey(ApplyOrder& /*order*/) {
    const config::TimePoint began = state.given.clock->now();
    state.snapshot = next_snapshot.exchange(nullptr, std::memory_order_acq_rel);  // from here on nobody reads the former
    state.pool.drop_ineligible();
    applied.store(state.snapshot->version, std::memory_order_release);
    state.waiting.call();
    if (std::exchange(state.some_would_move, false)) {
        look_at_waiting();
    }
    state.metrics.snapshot_apply.observe(state.given.clock->now() - began);
}

/// Wakes the requests whose endpoint lets them go elsewhere; not the thousand tunnels beside them.
void Worker::Core::look_at_waiting() {
    state.exchanges.for_each([](Exchange& exchange) {
        if (exchange.endpoint() != nullptr && exchange.endpoint()->move_waiting.load(std::memory_order_relaxed)) {
            exchange.look_again();
        }
    });
}

void Worker::Core::obey(ListenOrder& order) {
    const auto known = std::ranges::find_if(listeners, [&](const auto& one) { return one->id() == order.door.id; });
    if (known != listeners.end()) {
        (*known)->set_settings(std::move(order.door.listener));
        return;
    }
    listeners.push_back(
        std::make_unique<accept::Listener>(state.poller, state.wheel, state.metrics, std::move(order.door), std::move(order.socket), door));
}

void Worker::Core::obey(LeaveOrder& order) {
    std::erase_if(listeners, [&](const auto& one) {
        const bool left = one->id() == order.door;
        if (left) {
            one->leave();
        }
        return left;
    });
}

void Worker::Core::obey(MoveWaitingOrder& /*order*/) {
    look_at_waiting();
}

void Worker::Core::obey(AbortOrder& order) {
    state.exchanges.for_each([&](Exchange& exchange) {
        const auto on_it = [&](const auto& endpoint) { return endpoint.get() == exchange.endpoint(); };
        if (std::ranges::any_of(order.endpoints, on_it)) {
            exchange.abort();
        }
    });
    state.pool.drop_ineligible();
}

void Worker::Core::obey(DrainOrder& order) {
    state.draining = true;
    state.idle_until = order.idle_until;
    drain_deadline = order.deadline;
    state.wheel.arm(drain_timer, order.deadline);
    for (const auto& listener : listeners) {
        listener->leave();
    }
    listeners.clear();
    state.connections.for_each([](Connection& connection) { connection.order(); });
}

void Worker::Core::obey(AdoptOrder& order) {
    net::SocketAddress peer;
    peer.size = sizeof peer.storage;
    if (::getpeername(order.socket.get(), peer.get(), &peer.size) != 0) {
        state.given.shared->connections.fetch_sub(1, std::memory_order_relaxed);
        return;  // already gone
    }
    welcome(order.listener, std::move(order.socket), net::from_socket_address(peer), std::move(order.place));
}

std::optional<observe::Limit> Worker::Core::full() const {
    const Shared& shared = *state.given.shared;
    if (shared.connections.load(std::memory_order_relaxed) >= shared.max_connections.load(std::memory_order_relaxed)) {
        return observe::Limit::max_connections;
    }
    return buffers_full ? std::optional(observe::Limit::max_buffered) : std::nullopt;
}

void Worker::Core::accept_clients() {
    for (const auto& listener : listeners) {
        listener->accept(state.now);
    }
}

/// A client that has come: unless its address has too many connections already, it counts from here on.
void Worker::Core::let_in(const Settings& listener, net::Descriptor socket, const config::Address& peer) {
    state.metrics.accepted.add();
    Shared& shared = *state.given.shared;
    Place place;
    const std::uint32_t limit = listener->client.max_connections;
    if (limit != 0 && peer.kind == config::Address::Kind::ip && !peer.ip.loopback() &&
        !config::contains(listener->trusted_proxies, peer.ip)) {
        auto entered = shared.clients.enter(peer.ip, limit);
        if (!entered) {
            state.metrics.hit(observe::Limit::client_max_connections);
            return net::reset(std::move(socket));  // an answer to each would be work that the client chooses
        }
        place = std::move(*entered);
    }
    state.metrics.handled.add();
    shared.connections.fetch_add(1, std::memory_order_relaxed);
    if (!hand_over(listener, socket, place)) {
        welcome(listener, std::move(socket), peer, std::move(place));
    }
}

/// The connection counts from here on as this worker's; its destructor uncounts it, in the process too.
void Worker::Core::welcome(const Settings& listener, net::Descriptor socket, const config::Address& peer, Place place) {
    // A listener that has left the configuration, or is not in this worker's snapshot yet, serves as it was given.
    const auto& known = state.snapshot->listeners;
    const auto found = std::ranges::find_if(known, [&](const auto& one) { return one->name == listener->name; });
    auto& seat = state.given.shared->workers[state.given.index].connections;
    seat.store(seat.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    auto connection = std::make_unique<Connection>(state, found == known.end() ? listener : *found, peer, std::move(place));
    const auto index = static_cast<std::size_t>(found - known.begin());
    connection->listener_number = index < state.snapshot->listener_numbers.size() ? state.snapshot->listener_numbers[index] : 0;
    state.metrics.listener_connections[connection->listener_number].add();
    Connection& started = *connection.release();  // owned by the list from here on, taken back in bury() or at the end
    state.connections.push_back(started);
    started.start(std::move(socket));
}

/// The kernel spreads by hash: whoever holds more than a quarter above the mean passes the client on to the less loaded of
/// two others. True when it did.
bool Worker::Core::hand_over(const Settings& listener, net::Descriptor& socket, Place& place) {
    auto& seats = state.given.shared->workers;
    const std::size_t accepting = state.given.shared->accepting.load(std::memory_order_relaxed);
    const std::uint32_t mine = seats[state.given.index].connections.load(std::memory_order_relaxed);
    const std::uint32_t all = state.given.shared->connections.load(std::memory_order_relaxed);
    constexpr std::uint32_t few = 4;
    if (accepting < 2 || state.given.index >= accepting || mine < few || std::uint64_t{mine} * 4 * accepting <= std::uint64_t{all} * 5) {
        return false;
    }
    const auto another = [&] {
        const std::size_t step = 1 + state.random() % (accepting - 1);
        return (state.given.index + step) % accepting;
    };
    const std::size_t first = another();
    const std::size_t second = another();
    const auto load = [&](std::size_t seat) { return seats[seat].connections.load(std::memory_order_relaxed); };
    const std::size_t chosen = load(second) < load(first) ? second : first;
    Worker* sibling = seats[chosen].worker.load(std::memory_order_acquire);
    if (sibling == nullptr || load(chosen) >= mine) {
        return false;
    }
    sibling->adopt(listener, socket.release(), std::move(place));
    return true;
}

void Worker::Core::bury() {
    while (Connection* connection = state.ended.pop_front()) {
        const std::unique_ptr<Connection> gone(connection);
    }
}

Worker::Worker(const WorkerOptions& options) : core_(std::make_unique<Core>(options)) {}

Worker::~Worker() = default;

void Worker::run() {
    auto& seat = core_->state.given.shared->workers[core_->state.given.index].worker;
    seat.store(this, std::memory_order_release);
    core_->run();
    seat.store(nullptr, std::memory_order_release);
}

void Worker::stop() {
    core_->stopping.store(true, std::memory_order_relaxed);
    core_->mailbox.knock();
}

bool Worker::apply(const snapshot::Snapshot* snapshot) {
    if (core_->next_snapshot.exchange(snapshot, std::memory_order_acq_rel) != nullptr) {
        return false;
    }
    core_->mailbox.post(ApplyOrder{});
    return true;
}

std::uint64_t Worker::applied_version() const {
    return core_->applied.load(std::memory_order_acquire);
}

void Worker::listen(snapshot::Door door, int descriptor) {
    core_->mailbox.post(ListenOrder{std::move(door), net::Descriptor(descriptor)});
}

void Worker::leave(std::uint64_t door) {
    core_->mailbox.post(LeaveOrder{door});
}

void Worker::move_waiting() {
    core_->mailbox.post(MoveWaitingOrder{});
}

void Worker::abort_endpoints(std::vector<std::shared_ptr<balance::EndpointState>> endpoints) {
    core_->mailbox.post(AbortOrder{std::move(endpoints)});
}

void Worker::drain(config::TimePoint deadline, config::TimePoint idle_until) {
    core_->mailbox.post(DrainOrder{deadline, idle_until});
}

void Worker::adopt(std::shared_ptr<const config::Listener> listener, int descriptor, accept::ClientCounts::Place place) {
    core_->mailbox.post(AdoptOrder{std::move(listener), net::Descriptor(descriptor), std::move(place)});
}

}  // namespace cardea::proxy
