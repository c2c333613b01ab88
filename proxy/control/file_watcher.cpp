#include "proxy/control/file_watcher.hpp"

#include "proxy/control/loop_asio.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include <array>
#include <map>
#include <tuple>

namespace cardea::control {

namespace {

constexpr auto look_every = std::chrono::seconds(1);
constexpr auto settle = std::chrono::milliseconds(5);  // an editor's rename comes in several events

std::string directory_of(const std::string& path) {
    const auto slash = path.find_last_of('/');
    return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

/// Enough to see that a file may have another content.
using Stamp = std::tuple<dev_t, ino_t, off_t, time_t, long>;

Stamp stamp_of(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) {
        return {};
    }
    return {status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

}  // namespace

class FileWatcher::Notifier : public std::enable_shared_from_this<Notifier> {
public:
    Notifier(Loop& loop, config::Files& files)
        : files_(files), events_(loop.asio().context), settle_timer_(loop.asio().context), look_timer_(loop.asio().context) {}

    void start();
    void stop();
    void watch(const std::string& path, std::function<void(const discovery::FileChanged&)> changed);
    void unwatch(const std::string& path);

private:
    struct Watched {
        std::function<void(const discovery::FileChanged&)> changed;
        Stamp stamp{};
        bool told{false}, missing{false};
        std::string content{};
    };
    void wait_for_events();
    void look_later();
    void look_soon();
    void look(bool always);
    void look_at(const std::string& path, Watched& file);

    config::Files& files_;
    boost::asio::posix::stream_descriptor events_;
    boost::asio::steady_timer settle_timer_, look_timer_;
    std::map<std::string, Watched> watched_{};
    bool settling_{false};
};

void FileWatcher::Notifier::start() {
    const int descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (descriptor >= 0) {  // else the look every second is all there is
        events_.assign(descriptor);
        wait_for_events();
    }
    look_later();
}

void FileWatcher::Notifier::stop() {
    watched_.clear();
    boost::system::error_code ignored;
    events_.close(ignored);
    settle_timer_.cancel();
    look_timer_.cancel();
}

void FileWatcher::Notifier::wait_for_events() {
    events_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [weak = weak_from_this()](const boost::system::error_code& error) {
        const auto self = weak.lock();
        if (!self || error) {
            return;
        }
        std::array<char, 16 * 1024> room{};
        while (::read(self->events_.native_handle(), room.data(), room.size()) > 0) {
            // Which file it was does not matter: stamps tell.
        }
        self->look_soon();
        self->wait_for_events();
    });
}

void FileWatcher::Notifier::look_soon() {
    if (settling_) {
        return;
    }
    settling_ = true;
    settle_timer_.expires_after(settle);
    settle_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        const auto self = weak.lock();
        if (self && !error) {
            self->settling_ = false;
            self->look(true);
        }
    });
}

void FileWatcher::Notifier::look_later() {
    look_timer_.expires_after(look_every);
    look_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        const auto self = weak.lock();
        if (self && !error) {
            self->look(false);
            self->look_later();
        }
    });
}

/// `always`: an event came, so the content is read even when the stamp is the same (two writes within a clock tick).
void FileWatcher::Notifier::look(bool always) {
    std::vector<std::string> paths;
    for (const auto& [path, file] : watched_) {
        if (always || !file.told || stamp_of(path) != file.stamp) {
            paths.push_back(path);
        }
    }
    for (const auto& path : paths) {  // a callback may change watched_
        if (const auto found = watched_.find(path); found != watched_.end()) {
            look_at(path, found->second);
        }
    }
}

void FileWatcher::Notifier::look_at(const std::string& path, Watched& file) {
    file.stamp = stamp_of(path);
    auto content = files_.read(path);
    discovery::FileChanged event{path, content ? std::move(*content) : std::string{}, !content.has_value()};
    if (file.told && file.missing == event.missing && file.content == event.content) {
        return;
    }
    file.told = true;
    file.missing = event.missing;
    file.content = event.content;
    const auto changed = file.changed;
    changed(event);
}

void FileWatcher::Notifier::watch(const std::string& path, std::function<void(const discovery::FileChanged&)> changed) {
    watched_[path].changed = std::move(changed);
    if (events_.is_open()) {
        constexpr std::uint32_t mask = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_MODIFY;
        ::inotify_add_watch(events_.native_handle(), directory_of(path).c_str(), mask);
    }
    look_soon();
}

void FileWatcher::Notifier::unwatch(const std::string& path) {
    watched_.erase(path);  // the directory's watch stays: it costs nothing and others may need it
}

FileWatcher::FileWatcher(Loop& loop, config::Files& files) : notifier_(std::make_shared<Notifier>(loop, files)) {
    notifier_->start();
}
FileWatcher::~FileWatcher() {
    notifier_->stop();
}

void FileWatcher::watch(const std::string& path, std::function<void(const discovery::FileChanged&)> changed) {
    notifier_->watch(path, std::move(changed));
}
void FileWatcher::unwatch(const std::string& path) {
    notifier_->unwatch(path);
}

}  // namespace cardea::control
