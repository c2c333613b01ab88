#include "proxy/snapshot/keeper.hpp"

#include <algorithm>
#include <utility>

namespace cardea::snapshot {

void SnapshotKeeper::post(std::unique_ptr<const Snapshot> newest) {
    alive_.push_back(std::move(newest));
    poll();
}

void SnapshotKeeper::start(std::vector<WorkerPort*> workers) {
    for (WorkerPort* const worker : workers) {
        seats_.push_back({worker, newest()->version, newest()->version});
    }
}

bool SnapshotKeeper::poll() {
    const Snapshot* const newest_one = newest();
    if (newest_one == nullptr) {
        return false;
    }
    for (auto& seat : seats_) {
        seat.applied = std::max(seat.applied, seat.worker->applied_version());
        if (seat.applied == seat.posted && seat.posted != newest_one->version) {
            seat.worker->apply(newest_one);
            seat.posted = newest_one->version;
        }
    }
    // A worker reads what it applied last until it says that it has applied what it was given since.
    const auto in_use = [this, newest_one](const Snapshot& snapshot) {
        return &snapshot == newest_one || std::any_of(seats_.begin(), seats_.end(), [&snapshot](const Seat& seat) {
            return seat.applied == snapshot.version || seat.posted == snapshot.version;
        });
    };
    return std::erase_if(alive_, [&in_use](const auto& snapshot) { return !in_use(*snapshot); }) > 0;
}

bool SnapshotKeeper::settled() const {
    return alive_.empty() ||
           std::all_of(seats_.begin(), seats_.end(), [this](const Seat& seat) { return seat.applied == newest()->version; });
}

}  // namespace cardea::snapshot
