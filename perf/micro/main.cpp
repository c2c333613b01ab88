// micro [--benchmark_filter=REGEX ...]: nanoseconds and allocations of the steps that a request and an update are made of.
#include "perf/micro/rooms.hpp"

#include <benchmark/benchmark.h>

int main(int count, char** arguments) {
    using namespace cardea::micro;
    add_http1();
    add_route();
    add_balance();
    add_net();
    add_observe();
    add_snapshot();
    add_consul();
    benchmark::Initialize(&count, arguments);
    if (benchmark::ReportUnrecognizedArguments(count, arguments)) {
        return 2;
    }
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
