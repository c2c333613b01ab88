#pragma once
// Tells the content of files: once at the start, then whenever it changes. inotify on the directory, so that editors that
// rename and deployments that replace a symbolic link are seen at once, and a look every second for what inotify cannot
// see (network file systems, links into other directories). Control thread only.

#include "config/files.hpp"
#include "discovery/event.hpp"
#include "proxy/control/loop.hpp"

#include <functional>
#include <memory>
#include <string>

namespace cardea::control {

class FileWatcher {
public:
    FileWatcher(Loop& loop, config::Files& files);
    ~FileWatcher();
    FileWatcher(const FileWatcher&) = delete;
    FileWatcher& operator=(const FileWatcher&) = delete;

    /// One watch per path; `changed` is first called soon after, on the loop.
    void watch(const std::string& path, std::function<void(const discovery::FileChanged&)> changed);
    void unwatch(const std::string& path);

private:
    class Notifier;
    std::shared_ptr<Notifier> notifier_;
};

}  // namespace cardea::control
