#pragma once
// What became of the requests that a leaving endpoint had at its signal: the difference of its counters between then and its
// end. Exact, because the signal is noted before the suspension that makes the workers count. Control thread.

#include "discovery/journal.hpp"
#include "proxy/balance/endpoint_state.hpp"

namespace cardea::control {

/// What has ended at it while it got no new requests; `in_flight` is left to receipt_since().
[[nodiscard]] inline discovery::Receipt ended_at(const balance::EndpointState& state) {
    return {0, state.ended_finished.load(std::memory_order_relaxed), state.ended_moved.load(std::memory_order_relaxed),
            state.ended_failed.load(std::memory_order_relaxed)};
}

[[nodiscard]] inline discovery::Receipt receipt_since(const discovery::Receipt& signal, const discovery::Receipt& end) {
    discovery::Receipt receipt{0, end.finished - signal.finished, end.moved - signal.moved, end.failed - signal.failed};
    receipt.in_flight = receipt.finished + receipt.moved + receipt.failed;
    return receipt;
}

}  // namespace cardea::control
