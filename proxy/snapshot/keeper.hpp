#pragma once
// Posts snapshots to the workers and frees them when no worker can read them any more. A worker that is slow finds the newest
// instead of a queue: what it was given and has not looked at is replaced. So it can read only the one that it took last and
// the newest, and at most workers + 1 are alive. Control thread.

#include "proxy/snapshot/worker_port.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace cardea::snapshot {

class SnapshotKeeper {
public:
    /// Takes the newest and gives it to every worker.
    void post(std::unique_ptr<const Snapshot> newest);
    /// From now on these workers are served; all of them hold the newest snapshot already.
    void start(const std::vector<WorkerPort*>& workers);
    /// Looks what the workers have applied and frees what nobody has. True when something was freed.
    bool poll();

    [[nodiscard]] const Snapshot* newest() const { return alive_.empty() ? nullptr : alive_.back().get(); }
    /// Every worker has applied the newest.
    [[nodiscard]] bool settled() const;
    [[nodiscard]] std::size_t alive() const { return alive_.size(); }

private:
    struct Seat {
        WorkerPort* worker{nullptr};
        std::uint64_t taken{0};   ///< what it reads until it takes the newest
        std::uint64_t posted{0};  ///< the newest
    };
    std::vector<std::unique_ptr<const Snapshot>> alive_{};  ///< by version
    std::vector<Seat> seats_{};
};

}  // namespace cardea::snapshot
