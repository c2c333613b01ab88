#include "tests/support/proxy/front.hpp"

#include "perf/micro/allocations.hpp"
#include "proxy/net/listen_socket.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace cardea::support {

void Records::write(const observe::Record& record, config::WallTime /*now*/) {
    const std::uint64_t allocations = micro::allocations_of_this_thread() - allocations_;
    const std::lock_guard lock(mutex_);
    written_.push_back({std::string(record.client_ip), std::string(record.request_line), std::string(record.host),
                        std::string(record.service), std::string(record.endpoint), std::string(record.request_id), record.status,
                        record.reason, record.body_bytes, record.attempts, record.moved, record.queued_us, record.loss, record.outcome,
                        allocations});
    allocations_ = micro::allocations_of_this_thread();  // those just made are the test's own
}

std::vector<WrittenRecord> Records::all() const {
    const std::lock_guard lock(mutex_);
    return written_;
}

Front::Front(const std::vector<std::uint16_t>& endpoint_ports, FrontSetup setup)
    : shared(1, setup.max_connections, 4711), setup_(std::move(setup)) {
    config::Address any;
    any.ip.bytes = {127, 0, 0, 1};
    auto socket = net::open_listener(any);
    if (!socket) {
        throw std::runtime_error(socket.error().what);
    }
    port_ = net::local_address(*socket)->port;
    setup_.service.name = "web";
    if (setup_.routes.empty()) {
        config::Route everything;
        everything.action = config::ToService{"web"};
        setup_.routes.push_back(everything);
    }
    for (const std::uint16_t port : endpoint_ports) {
        config::Address place = any;
        place.port = port;
        endpoints_.push_back(std::make_shared<balance::EndpointState>(config::to_string(place), "web", std::vector{place}));
    }
    builder_.set_routes(setup_.routes);
    builder_.set_listeners({setup_.listener});
    std::vector<std::size_t> all(endpoints_.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    std::vector<snapshot::ServiceMember> members;
    members.reserve(endpoints_.size());
    for (const auto& endpoint : endpoints_) {
        members.push_back({endpoint, 1, true});
    }
    eligible_ = all;
    builder_.set_service(setup_.service, std::move(members), false);
    snapshots_.push_back(builder_.build());
    proxy::WorkerOptions options;
    options.shared = &shared;
    options.control = &sightings;
    options.metrics = &metrics;
    options.records = &records;
    options.clock = &clock;
    options.seed = 4711;
    options.snapshot = snapshots_.back().get();
    worker_ = std::make_unique<proxy::Worker>(options);
    worker_->listen({1, std::make_shared<const config::Listener>(setup_.listener), false}, *socket);
    thread_ = std::thread([this] { worker_->run(); });
}

Front::~Front() {
    worker_->stop();
    join();
    worker_.reset();
}

void Front::join() {
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Front::advance(config::Duration by) {
    settle();
    clock.advance(by);
    settle();
}

void Front::settle() {
    // A worker says that it has a snapshot before it goes on with what woke in that round; with the next one that is over.
    for (int round = 0; round < 2; ++round) {
        snapshots_.push_back(builder_.build());
        apply();
    }
}

void Front::serve_from(const std::vector<std::size_t>& eligible) {
    std::vector<snapshot::ServiceMember> members;
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
        const bool serves = std::find(eligible.begin(), eligible.end(), i) != eligible.end();
        endpoints_[i]->suspension = serves ? balance::Suspension::none : balance::Suspension::registry;
        members.push_back({endpoints_[i], 1, serves});
    }
    eligible_ = eligible;
    builder_.set_service(setup_.service, std::move(members), false, clock.now());
    settle();
}

void Front::reconfigure(config::Service service) {
    setup_.service = std::move(service);
    setup_.service.name = "web";
    serve_from(std::exchange(eligible_, {}));
}

void Front::apply() {
    const std::uint64_t version = snapshots_.back()->version;
    (void)worker_->apply(snapshots_.back().get());
    if (!eventually([&] { return worker_->applied_version() == version; })) {
        throw std::runtime_error("the worker did not apply a snapshot");
    }
}

bool Front::eventually(const std::function<bool()>& so) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!so()) {
        if (std::chrono::steady_clock::now() >= end) {
            return false;
        }
        std::this_thread::yield();
    }
    return true;
}

}  // namespace cardea::support
