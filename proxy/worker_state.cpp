#include "proxy/worker_state.hpp"

namespace cardea::proxy {

WorkerState::WorkerState(const WorkerOptions& options)
    : given(options),
      metrics(*options.metrics),
      now(options.clock->now()),
      wheel(now),
      scratch(std::make_unique_for_overwrite<net::Scratch>()),
      pipes(options.shared->pipes),
      pool(poller, wheel, metrics,
           [control = options.control](balance::EndpointState& endpoint, bool reset) {
               control->saw(&endpoint, reset ? snapshot::Sighting::idle_reset : snapshot::Sighting::idle_closed);
           }),
      silence(wheel, *options.control, now),
      waiting(wheel, now),
      snapshot(options.snapshot),
      random_(options.seed | 1U) {
    read_clock();
}

void WorkerState::read_clock() {
    now = given.clock->now();
    wall = given.clock->wall();
    date.set(wall);
}

std::uint64_t WorkerState::random() {
    random_ ^= random_ << 13U;
    random_ ^= random_ >> 7U;
    random_ ^= random_ << 17U;
    return random_;
}

}  // namespace cardea::proxy
