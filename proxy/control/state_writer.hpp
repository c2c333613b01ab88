#pragma once
// Writes what the sources said last to files, on a thread of its own: a slow or full disk holds nobody up. A file is replaced
// whole (written beside, synced, renamed, the folder synced) and readable by its owner alone. What waits is merged, so the
// queue never holds more than one picture of each query.

#include "discovery/last_good.hpp"

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace cardea::control {

class StateWriter {
public:
    struct Update {
        discovery::LastGoodOwner owner{};
        std::map<std::string, std::vector<discovery::Fact>> said{};  ///< queries with something new
        std::map<std::string, discovery::Remembered> recalled{};     ///< of an earlier run, for the first update of a file
        std::set<std::string> confirmed{};                           ///< still said as before
        std::set<std::string> dropped{};                             ///< nobody asks any more
        config::WallTime now{};
    };
    /// `done(path, error)` after each attempt, on the writer's thread; an empty error is success.
    explicit StateWriter(std::function<void(const std::string& path, const std::string& error)> done);
    ~StateWriter();  ///< writes what waits and returns
    StateWriter(const StateWriter&) = delete;
    StateWriter& operator=(const StateWriter&) = delete;

    void write(const std::string& path, Update update);

private:
    void run();

    std::function<void(const std::string&, const std::string&)> done_;
    std::mutex mutex_{};  ///< guards the next two; held for moves only
    std::map<std::string, Update> waiting_{};
    bool ends_{false};
    std::condition_variable wake_{};
    std::thread thread_;
};

/// Replaces a file as described above; making its folder when that is missing. The error names what failed and why.
config::Result<void> replace_file(const std::string& path, std::string_view content);

}  // namespace cardea::control
