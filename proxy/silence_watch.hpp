#pragma once
// Requests whose endpoint has not said a byte yet, the longest waiting first. When one waits longer than its service's
// patience and nothing came from the endpoint meanwhile, control is told, so that it may look whether the endpoint is
// frozen. Costs a request two list operations; nothing is looked at while answers come in time. One worker.

#include "proxy/balance/endpoint_state.hpp"
#include "proxy/net/list.hpp"
#include "proxy/net/timer_wheel.hpp"
#include "proxy/snapshot/worker_port.hpp"
#include "proxy/upstream/upstream.hpp"

namespace cardea::proxy {

class SilenceWatch final : public net::Wakeable {
public:
    /// A waiting request; unlinks itself when it dies. Counts in the endpoint's in_flight and pins the policy.
    struct Waiting final : net::Link {
        Waiting(balance::EndpointState& whom, const upstream::Policy& of) : endpoint(&whom), policy(&of) {}
        balance::EndpointState* endpoint;
        const upstream::Policy* policy;
        config::TimePoint since{};
    };

    SilenceWatch(net::TimerWheel& wheel, snapshot::ControlPort& control, const config::TimePoint& now)
        : wheel_(&wheel), control_(&control), now_(&now), timer_(*this, 1) {}
    void add(Waiting& waiting);
    /// A byte of a response came from this endpoint.
    static void heard(balance::EndpointState& endpoint, config::TimePoint now);
    /// Its timer: looks at those that wait longest.
    void wake(std::uint32_t bits) override;

private:
    void look_at(const Waiting& waiting);
    net::TimerWheel* wheel_;
    snapshot::ControlPort* control_;
    const config::TimePoint* now_;  ///< of this batch
    net::Timer timer_;
    net::List<Waiting> waiting_{};
};

}  // namespace cardea::proxy
