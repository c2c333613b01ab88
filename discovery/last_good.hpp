#pragma once
// What one source said last and was believed, as text that outlives the process: where to begin while a registry is down.
// A file is a line with format and checksum, a line that says whose it is, and a line for each query with the time of its
// last confirmation. Pure functions, any thread; the files themselves are proxy/control/state_store's affair.

#include "config/result.hpp"
#include "discovery/endpoint.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::discovery {

/// Whose memory it is: a file of anybody else is not read.
struct LastGoodOwner {
    std::string source{};    ///< `consul:dc1`
    std::string settings{};  ///< where that leads; another address is another registry
    std::string boot{};      ///< of the machine, for engines: after a boot their addresses belong to others; else empty
    friend bool operator==(const LastGoodOwner&, const LastGoodOwner&) = default;
};

/// One query without its time. `facts` are those of one source; what is held or restored in them is not written down.
std::string remember_query(const std::string& query, const std::vector<Fact>& facts);

struct Remembered {
    std::string text{};            ///< of remember_query()
    config::WallTime confirmed{};  ///< when the source said so last
};

/// The whole file. O(bytes).
std::string write_last_good(const LastGoodOwner& owner, const std::map<std::string, Remembered>& queries);

struct Recalled {
    config::WallTime confirmed{};
    std::vector<Fact> facts{};  ///< sorted by key
};

/// The queries of a file that are not older than `max_age`. Fails, with the reason in words, when the file is not whole,
/// not this owner's, or when everything in it is too old.
config::Result<std::map<std::string, Recalled>> read_last_good(std::string_view file, const LastGoodOwner& owner, config::WallTime now,
                                                               config::Duration max_age);

}  // namespace cardea::discovery
