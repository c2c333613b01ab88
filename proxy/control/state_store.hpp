#pragma once
// What every source said last, kept under `process.state_dir` for the next start: read before the sources are asked, written
// when it has changed, at most every 5 s, and never from what the guard does not believe. Control thread.

#include "config/config.hpp"
#include "config/files.hpp"
#include "proxy/control/endpoint_book.hpp"
#include "proxy/control/loop.hpp"
#include "proxy/control/state_writer.hpp"
#include "proxy/observe/log.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::control {

class StateStore {
public:
    /// What may be kept of the sources at present.
    struct Truth {
        /// The facts of a query; null while they are not to be believed in full.
        std::function<const std::vector<discovery::Fact>*(const std::string& source, const std::string& query)> facts{};
        std::function<bool(const std::string& source)> connected{};
    };
    using Recall = std::function<void(const std::string& source, const std::string& query, std::vector<discovery::Fact> facts)>;

    /// An empty directory switches everything off. `log` may be null.
    StateStore(Loop& loop, config::Files& files, std::string directory, observe::Log* log);
    ~StateStore();

    /// Reads the files of the sources in the configuration that are not known yet; a file that is of no use is told in the log,
    /// with the reason. Without `recall` nothing is read: these are only remembered from now on.
    void recall(const config::Config& config, config::WallTime now, const Recall& recall);
    /// Those whose file was of use.
    [[nodiscard]] const std::set<std::string>& recalled() const { return recalled_; }
    /// Sources and queries that are gone from the configuration are forgotten.
    void forget_others(const std::set<std::string>& sources, const std::function<bool(const std::string&, const std::string&)>& asked);

    void said(std::string_view source, const std::string& query);
    /// Call it every second or so.
    void tend(const Now& now, const Truth& truth);
    /// Hands everything to the writer, which finishes it before this object goes.
    void flush(const Now& now, const Truth& truth);
    /// Another process keeps the state from now on: nothing is written any more, and what waits for the disk still is.
    void leave() { left_ = true; }
    /// What cannot be written at present, and why.
    [[nodiscard]] std::vector<std::string> problems() const;

private:
    struct Memory {
        std::string path{};
        discovery::LastGoodOwner owner{};
        config::Duration max_age{}, confirm_every{};
        std::map<std::string, discovery::Remembered> recalled{};  ///< until the first write
        std::set<std::string> changed{}, kept{}, dropped{};       ///< queries
        std::optional<config::TimePoint> written{};
    };
    void write(const std::string& source, Memory& memory, const Now& now, const Truth& truth, bool confirm);
    void read(const std::string& source, Memory& memory, config::WallTime now, const Recall& recall);
    void on_written(const std::string& path, const std::string& error);

    config::Files& files_;
    std::string directory_;
    observe::Log* log_;
    std::map<std::string, Memory> memories_{};
    std::set<std::string> recalled_{};
    bool left_{false};
    std::map<std::string, std::string> failures_{};  ///< by path
    std::shared_ptr<bool> alive_;                    ///< the writer's word may come late
    std::unique_ptr<StateWriter> writer_{};
};

}  // namespace cardea::control
