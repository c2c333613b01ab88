#pragma once
// Requests counted by listener, route, method and status: one worker's table, of which it is the only writer (see metrics.hpp).
// Bounded: names are small numbers given out by Names, and combinations beyond the table are counted together.

#include "proxy/http/head.hpp"
#include "proxy/observe/counter.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cardea::observe {

/// Numbers for names that appear in metrics. 0 stands for none; once `most` are given out, `most` stands for all others.
/// A name keeps its number for the life of the process. One thread.
class Names {
public:
    explicit Names(std::uint16_t most) : most_(most) {}
    std::uint16_t number_of(const std::string& name);
    /// `others` for a number that stands for them, empty for 0.
    [[nodiscard]] std::string name_of(std::uint16_t number) const;

private:
    std::uint16_t most_;
    std::map<std::string, std::uint16_t> numbers_{};
    std::vector<std::string> names_{};
};

/// What a request is counted under.
struct RequestKey {
    std::uint16_t listener{0}, route{0};  ///< numbers of Names
    http::Method method{http::Method::other};
    std::uint16_t status{0};  ///< 0: the client left before an answer
    friend auto operator<=>(const RequestKey&, const RequestKey&) = default;
};

class RequestTable {
public:
    static constexpr std::size_t slots = 1024;  ///< 16 KiB a worker

    void count(const RequestKey& key);  ///< the worker
    /// Any thread: what has been counted, and what did not find a place of its own.
    void add_to(std::map<RequestKey, std::uint64_t>& sums, std::uint64_t& others) const;

private:
    struct Slot {
        std::atomic<std::uint64_t> key{0};  ///< 0: free; written once
        Counter count{};
    };
    static std::uint64_t packed(const RequestKey& key);
    static RequestKey unpacked(std::uint64_t key);

    std::array<Slot, slots> slots_{};
    std::size_t used_{0};  ///< the worker's
    Counter others_{};
};

}  // namespace cardea::observe
