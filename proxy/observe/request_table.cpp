#include "proxy/observe/request_table.hpp"

namespace cardea::observe {

namespace {

/// A table fuller than this would make long walks.
constexpr std::size_t slots_used_max = RequestTable::slots * 3 / 4;
constexpr std::uint64_t present = 1ULL << 63U;  // so that no key is 0

}  // namespace

std::uint16_t Names::number_of(const std::string& name) {
    if (name.empty()) {
        return 0;
    }
    if (const auto found = numbers_.find(name); found != numbers_.end()) {
        return found->second;
    }
    if (names_.size() + 1 >= most_) {
        return most_;
    }
    names_.push_back(name);
    const auto number = static_cast<std::uint16_t>(names_.size());
    numbers_.emplace(name, number);
    return number;
}

std::string Names::name_of(std::uint16_t number) const {
    if (number == 0) {
        return {};
    }
    return number <= names_.size() ? names_[number - 1U] : "others";
}

std::uint64_t RequestTable::packed(const RequestKey& key) {
    return present | std::uint64_t{key.listener} << 32U | std::uint64_t{key.route} << 16U |
           static_cast<std::uint64_t>(static_cast<std::uint8_t>(key.method)) << 12U | (key.status & 0xfffU);
}

RequestKey RequestTable::unpacked(std::uint64_t key) {
    return {static_cast<std::uint16_t>(key >> 32U), static_cast<std::uint16_t>(key >> 16U), static_cast<http::Method>((key >> 12U) & 0xfU),
            static_cast<std::uint16_t>(key & 0xfffU)};
}

void RequestTable::count(const RequestKey& key) {
    const std::uint64_t wanted = packed(key);
    // Fibonacci hashing: the high bits of the product depend on all bits of the key.
    for (std::size_t at = (wanted * 0x9E3779B97F4A7C15ULL) >> 54U;; at = (at + 1) % slots) {
        Slot& slot = slots_[at];
        const std::uint64_t there = slot.key.load(std::memory_order_relaxed);
        if (there == wanted) {
            return slot.count.add();
        }
        if (there == 0) {
            if (used_ >= slots_used_max) {
                return others_.add();
            }
            ++used_;
            slot.key.store(wanted, std::memory_order_relaxed);
            return slot.count.add();
        }
    }
}

void RequestTable::add_to(std::map<RequestKey, std::uint64_t>& sums, std::uint64_t& others) const {
    for (const Slot& slot : slots_) {
        if (const std::uint64_t key = slot.key.load(std::memory_order_relaxed); key != 0) {
            sums[unpacked(key)] += slot.count.get();
        }
    }
    others += others_.get();
}

}  // namespace cardea::observe
