#pragma once
// The access log: each worker formats its lines into a ring of its own, one thread writes the rings out, at the latest
// 0.2 s later. A worker never waits for a disk or a pipe: when its ring is full, lines are dropped and counted.

#include "config/config.hpp"
#include "proxy/observe/metrics.hpp"
#include "proxy/observe/record.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace cardea::observe {

class AccessLog {
public:
    /// One ring a worker; `dropped[i]` is counted by worker i. Nothing is written before apply().
    explicit AccessLog(const std::vector<Counter*>& dropped);
    /// Writes what is there, then ends the thread; a reader that stalls for a second loses the rest.
    ~AccessLog();
    AccessLog(const AccessLog&) = delete;
    AccessLog& operator=(const AccessLog&) = delete;

    /// Control thread. From now on lines go there; on failure the former output stays.
    config::Result<void> apply(const config::AccessLog& where);
    /// Control thread: opens the file of the same path again (it was renamed away). On failure the old one stays in use.
    config::Result<void> reopen();
    [[nodiscard]] RecordSink& sink(std::size_t worker);
    [[nodiscard]] std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }  ///< lines no output took, and those cut

private:
    class Sink;
    class Output;
    void run();
    void write_out(Output& output, bool last);

    std::vector<std::unique_ptr<Sink>> sinks_;
    config::AccessLog where_;  // control thread
    std::atomic<std::uint64_t> lost_{0};
    std::mutex mutex_;  // guards output_, retired_, stopping_; wake_ is also notified without it, a missed one costs 0.2 s
    std::condition_variable wake_;
    std::shared_ptr<Output> output_;
    std::vector<std::shared_ptr<Output>> retired_;
    bool stopping_{false};
    std::thread thread_;
};

}  // namespace cardea::observe
