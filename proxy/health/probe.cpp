#include "proxy/health/probe.hpp"

namespace cardea::health {

ProbePlan active_plan(const config::ActiveHealth& active) {
    return {ProbePlan::Kind::http, active.path, active.host, active.timeout, active.expect_min, active.expect_max};
}

ProbePlan admission_plan(const config::Health& health) {
    if (health.active && !health.admission) {
        return active_plan(*health.active);
    }
    ProbePlan plan;
    plan.kind =
        health.admission.value_or(config::Admission::http) == config::Admission::http ? ProbePlan::Kind::http : ProbePlan::Kind::tcp;
    plan.path = health.admission_path;
    plan.timeout = health.admission_timeout;
    return plan;
}

bool needs_admission(const config::Health& health, bool discovered) {
    return health.admission ? *health.admission != config::Admission::off : discovered;
}

bool may_be_probed(const config::Health& health, bool discovered) {
    return health.active.has_value() || needs_admission(health, discovered);
}

}  // namespace cardea::health
