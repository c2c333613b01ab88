#pragma once
// Parts that have left the newest snapshot but may still be read: by a snapshot that a worker has, or by an exchange that
// keeps them pinned. The control thread holds them here and frees them when nobody can reach them any more.

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace cardea::snapshot {

template <typename Part>
class Retired {
public:
    void add(std::shared_ptr<Part> part) {
        if (part) {
            parts_.push_back(std::move(part));
        }
    }
    /// Frees what no snapshot holds and `busy(part)` denies. No snapshot holds it: then no worker can start to use it, so
    /// asking in this order is enough.
    template <typename Busy>
    void sweep(const Busy& busy) {
        std::erase_if(parts_, [&busy](const std::shared_ptr<Part>& part) { return part.use_count() == 1 && !busy(*part); });
    }
    [[nodiscard]] std::size_t size() const { return parts_.size(); }
    [[nodiscard]] const std::vector<std::shared_ptr<Part>>& parts() const { return parts_; }

private:
    std::vector<std::shared_ptr<Part>> parts_{};
};

}  // namespace cardea::snapshot
