#pragma once
// What every micro benchmark reports: the time of one operation, and how often it asks for memory.

#include "perf/micro/allocations.hpp"

#include <benchmark/benchmark.h>
#include <cstdint>
#include <string>
#include <utility>

namespace cardea::micro {

/// Times `one`, which returns what must not be optimised away. What is made only once is made before anything is counted.
template <typename One>
void measure(benchmark::State& state, One&& one) {
    benchmark::DoNotOptimize(one());
    const std::uint64_t before = allocations_of_this_thread();
    for ([[maybe_unused]] auto round : state) {
        benchmark::DoNotOptimize(one());
    }
    const auto allocations = static_cast<double>(allocations_of_this_thread() - before);
    state.counters["allocations"] = benchmark::Counter(allocations, benchmark::Counter::kAvgIterations);
}

/// A benchmark by its name; `run` takes the benchmark::State.
template <typename Run>
benchmark::internal::Benchmark& add(const std::string& name, Run&& run) {
    return *benchmark::RegisterBenchmark(name.c_str(), std::forward<Run>(run));
}

}  // namespace cardea::micro
