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

ProbePlan silence_plan(const config::Health& health, config::Duration timeout) {
    ProbePlan plan;
    plan.path = health.active ? health.active->path : health.admission_path;
    plan.host = health.active ? health.active->host : std::string{};
    plan.timeout = timeout;
    return plan;
}

ProbePlan suspicion_plan(const config::Health& health, bool discovered) {
    ProbePlan plan = admission_plan(health);
    if (!health.active && !needs_admission(health, discovered)) {
        plan.kind = ProbePlan::Kind::tcp;
    }
    return plan;
}

}  // namespace cardea::health
