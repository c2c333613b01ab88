#pragma once
// The journal and its file: every entry is kept in memory, appended to disk where that is configured, and told to whoever
// listens. At the start the file gives back what earlier processes wrote. Control thread, and main before it.

#include "config/config.hpp"
#include "discovery/journal.hpp"
#include "proxy/observe/line_file.hpp"
#include "proxy/observe/log.hpp"

#include <cstdint>
#include <functional>
#include <memory>

namespace cardea::proxy {

class Chronicle {
public:
    /// A file that cannot be used is a warning: the front door opens all the same.
    Chronicle(const config::Journal& settings, observe::Log& log);

    void add(discovery::JournalEntry entry);
    void on_added(std::function<void()> told) { told_ = std::move(told); }
    /// A reload's word; entries already kept stay.
    void follow(const config::Journal& settings);

    [[nodiscard]] const discovery::Journal& journal() const { return journal_; }
    [[nodiscard]] std::uint64_t lost() const;  ///< entries that did not reach the disk

private:
    void open_file();

    config::Journal settings_;
    observe::Log& log_;
    discovery::Journal journal_;
    std::unique_ptr<observe::LineFile> file_{};
    std::uint64_t lost_before_{0};  ///< by files no longer in use
    std::function<void()> told_{};
};

}  // namespace cardea::proxy
