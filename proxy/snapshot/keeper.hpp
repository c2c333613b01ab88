#pragma once
// Posts snapshots to the workers and frees them when no worker can read them any more. A worker gets a new one only after
// it has applied the one before, so a slow worker meets the newest instead of a queue, and at most two snapshots per
// worker that lags, and the newest, are alive. Control thread.

#include "proxy/snapshot/worker_port.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace cardea::snapshot {

class SnapshotKeeper {
public:
    /// Takes the newest; workers get it at once, or as soon as they have applied what they were given before.
    void post(std::unique_ptr<const Snapshot> newest);
    /// From now on these workers are served; all of them hold the newest snapshot already.
    void start(std::vector<WorkerPort*> workers);
    /// Looks what the workers have applied, hands out what is due, frees what nobody has. True when something was freed.
    bool poll();

    [[nodiscard]] const Snapshot* newest() const { return alive_.empty() ? nullptr : alive_.back().get(); }
    /// Every worker has applied the newest.
    [[nodiscard]] bool settled() const;
    [[nodiscard]] std::size_t alive() const { return alive_.size(); }

private:
    struct Seat {
        WorkerPort* worker{nullptr};
        std::uint64_t applied{0};
        std::uint64_t posted{0};
    };
    std::vector<std::unique_ptr<const Snapshot>> alive_{};  ///< by version
    std::vector<Seat> seats_{};
};

}  // namespace cardea::snapshot
