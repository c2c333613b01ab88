#pragma once
// How many connections each client address has open, for the whole process: asked at accept and at the end of a connection,
// never for a request. Shards with a small lock each; an address costs 16 bytes while it has a connection, so the tables are
// bounded by the number of connections. Any thread.

#include "config/address.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace cardea::accept {

class ClientCounts {
public:
    /// `seed` keeps strangers from choosing addresses that meet in one place of the table.
    explicit ClientCounts(std::uint64_t seed) : seed_(seed) {}

    /// One connection of one address, counted for as long as this lives. Empty when default-made or moved from.
    class Place {
    public:
        Place() = default;
        Place(Place&& other) noexcept : counts_(std::exchange(other.counts_, nullptr)), key_(other.key_) {}
        Place& operator=(Place&& other) noexcept {
            std::swap(counts_, other.counts_);
            std::swap(key_, other.key_);
            return *this;
        }
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;
        ~Place() {
            if (counts_ != nullptr) {
                counts_->leave(key_);
            }
        }

    private:
        friend class ClientCounts;
        Place(ClientCounts& counts, std::uint64_t key) : counts_(&counts), key_(key) {}
        ClientCounts* counts_{nullptr};
        std::uint64_t key_{0};
    };

    /// Nothing when the address has `limit` connections already. An IPv6 host owns at least a /64, so that counts as one.
    [[nodiscard]] std::optional<Place> enter(const config::IpAddress& client, std::uint32_t limit);
    [[nodiscard]] std::size_t addresses() const;  ///< that have a connection; takes every lock

private:
    struct Slot {
        std::uint64_t key{0};
        std::uint32_t count{0};  ///< 0: free
    };
    /// Open addressing with linear probing; at most half full.
    struct alignas(64) Shard {
        mutable std::mutex mutex{};  ///< guards all below; held for a look-up, at times for a growth
        std::unique_ptr<Slot[]> slots{};
        std::size_t capacity{0};  ///< a power of two, or 0
        std::size_t used{0};

        [[nodiscard]] std::size_t find(std::uint64_t key, std::uint64_t hash) const;
        void grow(std::uint64_t seed);
        void erase(std::size_t at, std::uint64_t seed);
    };
    static constexpr std::size_t shard_count = 16;
    void leave(std::uint64_t key);
    [[nodiscard]] Shard& shard_of(std::uint64_t hash) { return shards_[hash >> 60U]; }

    const std::uint64_t seed_;
    std::array<Shard, shard_count> shards_{};
};

}  // namespace cardea::accept
