#include "proxy/snapshot/keeper.hpp"

#include <algorithm>
#include <utility>

namespace cardea::snapshot {

void SnapshotKeeper::post(std::unique_ptr<const Snapshot> newest) {
    alive_.push_back(std::move(newest));
    const Snapshot* const given = alive_.back().get();
    for (auto& seat : seats_) {
        if (seat.worker->apply(given)) {
            seat.taken = seat.posted;
        }
        seat.posted = given->version;
    }
    poll();
}

void SnapshotKeeper::start(const std::vector<WorkerPort*>& workers) {
    for (WorkerPort* const worker : workers) {
        seats_.push_back({worker, newest()->version, newest()->version});
    }
}

bool SnapshotKeeper::poll() {
    for (auto& seat : seats_) {
        seat.taken = std::max(seat.taken, seat.worker->applied_version());
    }
    const auto in_use = [this](const Snapshot& snapshot) {
        return &snapshot == newest() ||
               std::any_of(seats_.begin(), seats_.end(), [&snapshot](const Seat& seat) { return seat.taken == snapshot.version; });
    };
    return std::erase_if(alive_, [&in_use](const auto& snapshot) { return !in_use(*snapshot); }) > 0;
}

bool SnapshotKeeper::settled() const {
    return alive_.empty() ||
           std::all_of(seats_.begin(), seats_.end(), [this](const Seat& seat) { return seat.taken == newest()->version; });
}

}  // namespace cardea::snapshot
