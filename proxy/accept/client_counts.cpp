#include "proxy/accept/client_counts.hpp"

#include <algorithm>

namespace cardea::accept {
namespace {

constexpr std::size_t smallest_table = 16;

/// Unique for what counts as one client: no IPv6 source lies in ffff::/16.
std::uint64_t key_of(const config::IpAddress& ip) {
    std::uint64_t key = 0;
    for (std::size_t i = 0; i < (ip.v6 ? 8 : 4); ++i) {
        key = key << 8U | ip.bytes[i];
    }
    return ip.v6 ? key : std::uint64_t{0xFFFF'FFFF'0000'0000} | key;
}

/// The finaliser of SplitMix64.
std::uint64_t hash_of(std::uint64_t key, std::uint64_t seed) {
    std::uint64_t hash = key + seed;
    hash = (hash ^ hash >> 30U) * 0xbf58476d1ce4e5b9U;
    hash = (hash ^ hash >> 27U) * 0x94d049bb133111ebU;
    return hash ^ hash >> 31U;
}

}  // namespace

/// Its slot, or the free one that it would have. Requires: capacity.
std::size_t ClientCounts::Shard::find(std::uint64_t key, std::uint64_t hash) const {
    std::size_t at = hash & (capacity - 1);
    while (slots[at].count != 0 && slots[at].key != key) {
        at = (at + 1) & (capacity - 1);
    }
    return at;
}

void ClientCounts::Shard::grow(std::uint64_t seed) {
    const auto former = std::exchange(slots, nullptr);
    const std::size_t count = std::exchange(capacity, std::max(smallest_table, capacity * 2));
    slots = std::make_unique<Slot[]>(capacity);
    for (std::size_t i = 0; i < count; ++i) {
        if (former[i].count != 0) {
            slots[find(former[i].key, hash_of(former[i].key, seed))] = former[i];
        }
    }
}

/// Closes the gap, so that nobody behind it becomes unreachable.
void ClientCounts::Shard::erase(std::size_t at, std::uint64_t seed) {
    const std::size_t mask = capacity - 1;
    for (std::size_t next = (at + 1) & mask; slots[next].count != 0; next = (next + 1) & mask) {
        const std::size_t home = hash_of(slots[next].key, seed) & mask;
        if (((next - home) & mask) >= ((next - at) & mask)) {
            slots[at] = slots[next];
            at = next;
        }
    }
    slots[at] = {};
    --used;
}

std::optional<ClientCounts::Place> ClientCounts::enter(const config::IpAddress& client, std::uint32_t limit) {
    const std::uint64_t key = key_of(client);
    const std::uint64_t hash = hash_of(key, seed_);
    Shard& shard = shard_of(hash);
    const std::lock_guard lock(shard.mutex);
    if (shard.used * 2 >= shard.capacity) {
        shard.grow(seed_);
    }
    Slot& slot = shard.slots[shard.find(key, hash)];
    if (slot.count >= limit) {
        return std::nullopt;
    }
    shard.used += slot.count == 0 ? 1 : 0;
    slot.key = key;
    ++slot.count;
    return Place(*this, key);
}

void ClientCounts::leave(std::uint64_t key) {
    const std::uint64_t hash = hash_of(key, seed_);
    Shard& shard = shard_of(hash);
    const std::lock_guard lock(shard.mutex);
    const std::size_t at = shard.find(key, hash);
    if (--shard.slots[at].count == 0) {
        shard.erase(at, seed_);
    }
}

std::size_t ClientCounts::addresses() const {
    std::size_t sum = 0;
    for (const Shard& shard : shards_) {
        const std::lock_guard lock(shard.mutex);
        sum += shard.used;
    }
    return sum;
}

}  // namespace cardea::accept
